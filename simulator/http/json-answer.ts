import type { SimulatedRequest, SimulatedResponse } from "./message.ts";

export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): SimulatedResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

/** The body as text; throws when it is longer than a form or a JSON document of ours can be. */
export async function bodyText(request: SimulatedRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > 4 * 1024 * 1024) throw new Error(`${request.path} was sent more than 4 MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
