import { Failure } from "../../errors/error.ts";
import type { Answer } from "../http/pipeline.ts";

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

/** A whole number or a number in words: Azure's 64-bit integers come as either. */
export function numberField(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  const number = typeof found === "string" && found.trim() !== "" ? Number(found) : found;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function booleanField(value: unknown, name: string): boolean | undefined {
  const found = field(value, name);
  return typeof found === "boolean" ? found : undefined;
}

/** The texts of a list; empty for what is no list. */
export function textsField(value: unknown, name: string): readonly string[] {
  const found = field(value, name);
  return Array.isArray(found) ? found.filter((entry) => typeof entry === "string") : [];
}

/** Names and their texts. */
export function textMapField(value: unknown, name: string): Readonly<Record<string, string>> {
  const found = field(value, name);
  if (typeof found !== "object" || found === null) {
    return {};
  }
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** The JSON of a good answer's body; undefined for an empty body and for what is no JSON. */
export function readJson({ content }: Answer): unknown {
  try {
    return JSON.parse(content?.toString("utf8") ?? "");
  } catch {
    return undefined;
  }
}

/** The Failure for an answer without what its documentation promises. */
export function incomplete(what: string, missing: string): Failure {
  return new Failure("Unavailable", `cannot ${what}: Resource Manager's answer has no ${missing}`);
}
