export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export type Tags = Readonly<Record<string, string>>;

/** The object in a field, or an empty one. */
export function objectIn(value: JsonObject, name: string): JsonObject {
  const field = value[name];
  return isObject(field) ? field : {};
}

export function textIn(value: JsonObject, name: string): string | undefined {
  const field = value[name];
  return typeof field === "string" ? field : undefined;
}

export function booleanIn(value: JsonObject, name: string): boolean | undefined {
  const field = value[name];
  return typeof field === "boolean" ? field : undefined;
}

export function listIn(value: JsonObject, name: string): readonly Json[] {
  const field = value[name];
  return Array.isArray(field) ? field : [];
}

export function textsIn(value: JsonObject, name: string): readonly string[] {
  return listIn(value, name).filter((item) => typeof item === "string");
}

/** Tags, or undefined when the body says nothing of them. */
export function tagsIn(value: JsonObject): Record<string, string> | undefined {
  const tags = value["tags"];
  if (!isObject(tags)) {
    return undefined;
  }
  return Object.fromEntries(
    Object.entries(tags).flatMap(([name, tag]) => (typeof tag === "string" ? [[name, tag]] : [])),
  );
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Times as Azure's resource providers write them, with seven digits of a second. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "0000Z");
}
