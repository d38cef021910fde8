import { once } from "node:events";
import { Agent, get } from "node:https";
import { buffer } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type AzuriteAccount, createContainer as create } from "../test/azurite.ts";

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

/** Creates a container with Azure's own SDK, as an administrator would; the plugin itself never does. */
export async function createContainer(
  account: AzuriteAccount,
  container: string,
  certificate: string,
): Promise<void> {
  // The SDK takes its trust from the process alone.
  setDefaultCACertificates([...getCACertificates("default"), certificate]);
  await create(account, container);
}
