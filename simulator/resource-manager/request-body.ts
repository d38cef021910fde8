import { invalidContent } from "./errors.ts";
import { isObject } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";

/** The JSON object in a body; an empty body is an empty object. Throws InvalidRequestContent for anything else. */
export function readBody(text: string): JsonObject {
  const value = parsed(text);
  if (!isObject(value)) {
    throw invalidContent("Error converting value to an object");
  }
  return value;
}

function parsed(text: string): Json {
  try {
    const value: Json = text.trim() === "" ? {} : (JSON.parse(text) as Json);
    return value;
  } catch (error) {
    throw invalidContent(error instanceof Error ? error.message : String(error));
  }
}
