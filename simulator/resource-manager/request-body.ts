import { invalidContent } from "./errors.ts";
import { isObject } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";

/** Azure's own limit for a request's content. */
const MOST = 4 * 1024 * 1024;

/** The JSON object in a body; an empty body is an empty object. Throws InvalidRequestContent for anything else. */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<JsonObject> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > MOST) {
      throw invalidContent("the content is larger than 4 MB");
    }
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString("utf8");
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
