import { once } from "node:events";
import { Agent, get } from "node:https";
import { buffer } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Fetches an address as any https client would that trusts the certificate. */
export async function fetchWhole(url: string, certificate: string, signal: AbortSignal): Promise<Answer> {
  const request = get(url, { ca: certificate, agent: new Agent(), signal });
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: await buffer(response) };
}
