import { Failure } from "../../errors/error.ts";

/** Of what is no object: undefined, so that a path of fields needs no check on its way. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

export function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** The Failure for an answer without what its documentation promises. */
export function incomplete(what: string, missing: string): Failure {
  return new Failure("Unavailable", `cannot ${what}: Resource Manager's answer has no ${missing}`);
}
