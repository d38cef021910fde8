import { once } from "node:events";
import { get as plainGet } from "node:http";
import { get as tlsGet } from "node:https";
import { json } from "node:stream/consumers";
import type { JSONWebKeySet } from "jose";
import type { IssuerTrust } from "./state.ts";

/** Fetches a JSON document; `ca` is the PEM of whom else to trust. */
export type FetchJson = (url: string, ca: string | undefined) => Promise<unknown>;

/** The keys that an issuer publishes (OpenID Connect Discovery 1.0, section 4). Throws when it cannot be asked. */
export async function publishedKeys(trust: IssuerTrust, fetchJson: FetchJson): Promise<JSONWebKeySet> {
  if (trust.jwks !== undefined) return trust.jwks;
  const address = (trust.address ?? trust.issuer).replace(/\/$/, "");
  const configuration = await fetchJson(`${address}/.well-known/openid-configuration`, trust.ca);
  const { issuer, jwks_uri: uri } = fields(configuration);
  if (issuer !== trust.issuer) throw new Error(`${address} says that it is ${String(issuer)}`);
  if (typeof uri !== "string") throw new Error(`${address} names no jwks_uri`);
  // An API server tells its keys under the address that its cluster knows it by.
  const reachable = trust.address === undefined ? uri : `${address}${new URL(uri).pathname}`;
  const { keys } = fields(await fetchJson(reachable, trust.ca));
  if (!Array.isArray(keys)) throw new Error(`${reachable} has no keys`);
  return { keys };
}

/** Over the network, with a time limit as Entra has one. */
export const fetchJsonFromNetwork: FetchJson = async (url, ca) => {
  const signal = AbortSignal.timeout(5000);
  const request = url.startsWith("https:")
    ? tlsGet(url, { signal, agent: false, ...(ca === undefined ? {} : { ca }) })
    : plainGet(url, { signal, agent: false });
  const [response] = await once(request, "response");
  if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`);
  return json(response);
};

function fields(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
