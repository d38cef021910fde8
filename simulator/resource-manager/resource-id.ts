/** IDs are compared in lower case everywhere. Source: learn.microsoft.com/azure/azure-resource-manager (resource IDs). */
export function keyOf(id: string): string {
  return id.toLowerCase();
}

export function groupId(subscriptionId: string, group: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
}

/** Whether `scope` is `ancestor` or lies below it. `/` is above everything. */
export function isWithin(scope: string, ancestor: string): boolean {
  const above = keyOf(ancestor).replace(/\/+$/, "");
  const below = keyOf(scope).replace(/\/+$/, "");
  return below === above || below.startsWith(`${above}/`);
}

/** The segments of a path, decoded; several slashes count as one, since clients send `//subscriptions` for scopes. */
export function segmentsOf(path: string): readonly string[] {
  return path
    .split("/")
    .filter((segment) => segment !== "")
    .map(decoded);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** What a path template's variables stand for; `scope` is the whole front part of an extension resource's path. */
export type PathVariables = Readonly<Record<string, string>>;

/**
 * Matches a path against a template such as `/subscriptions/{subscription}/resourceGroups/{group}`, without regard to
 * case. A template that starts with `{scope}` matches any front part, none included.
 */
export function matchPath(template: string, segments: readonly string[]): PathVariables | undefined {
  const wanted = template.split("/").filter((segment) => segment !== "");
  const variables: Record<string, string> = {};
  let offset = 0;
  if (wanted[0] === "{scope}") {
    wanted.shift();
    offset = segments.length - wanted.length;
    if (offset < 0) {
      return undefined;
    }
    variables["scope"] = `/${segments.slice(0, offset).join("/")}`;
  }
  if (segments.length - offset !== wanted.length) {
    return undefined;
  }
  for (const [index, pattern] of wanted.entries()) {
    const segment = segments[offset + index] ?? "";
    if (pattern.startsWith("{")) {
      variables[pattern.slice(1, -1)] = segment;
    } else if (pattern.toLowerCase() !== segment.toLowerCase()) {
      return undefined;
    }
  }
  return variables;
}

/** Where in the hierarchy a request acts, which is what roles are asked for: lists at their parent, the rest at itself. */
export function scopeOfRequest(template: string, segments: readonly string[]): string {
  const wanted = template.split("/").filter((segment) => segment !== "");
  if (wanted.at(-1)?.startsWith("{") === true) {
    return `/${segments.join("/")}`;
  }
  const dropped = segments.at(-3)?.toLowerCase() === "providers" ? 3 : 1;
  return `/${segments.slice(0, -dropped).join("/")}`;
}

/** The parts of an ID that the existence of parents is checked by. */
export function parentsOf(segments: readonly string[]): { subscription?: string; group?: string } {
  if (segments[0]?.toLowerCase() !== "subscriptions" || segments[1] === undefined) {
    return {};
  }
  if (segments[2]?.toLowerCase() !== "resourcegroups" || segments[3] === undefined) {
    return { subscription: segments[1] };
  }
  return { subscription: segments[1], group: segments[3] };
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}
