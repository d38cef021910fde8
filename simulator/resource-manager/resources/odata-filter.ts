/** One condition of a `$filter`: `atScope()`, `principalId eq 'x'` or `assignedTo('x')`. */
export interface Condition {
  /** In lower case: a function's name, or a property's. */
  readonly name: string;
  /** Absent for `atScope()`. */
  readonly value?: string;
}

/** The conditions that `and` joins, or undefined for a filter of another form. No filter has no conditions. */
export function parseFilter(filter: string | null): readonly Condition[] | undefined {
  const conditions: Condition[] = [];
  for (const part of (filter ?? "").split(/\s+and\s+/i)) {
    const text = part.trim();
    const call = /^(\w+)\(\s*(?:'([^']*)')?\s*\)$/.exec(text);
    const equality = /^(\w+)\s+eq\s+'([^']*)'$/i.exec(text);
    const [, name, value] = call ?? equality ?? [];
    if (name !== undefined) {
      conditions.push({ name: name.toLowerCase(), ...(value === undefined ? {} : { value }) });
    } else if (text !== "") {
      return undefined;
    }
  }
  return conditions;
}
