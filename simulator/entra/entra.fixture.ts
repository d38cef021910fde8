import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { SignJWT } from "jose";
import { steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import { signedAccessTokens } from "../core/signed-access-tokens.ts";
import type { Certificate } from "../http/certificates.ts";
import type { SimulatedRequest } from "../http/message.ts";
import { Directory } from "./directory.ts";
import { entra, type EntraOptions } from "./entra.ts";

export const ORIGIN = "https://login.localhost:1";
export const STORAGE_SCOPE = "https://storage.azure.com/.default";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** An Entra with one tenant and one application, called as a function. */
export async function entraWorld(more: Partial<EntraOptions> = {}) {
  const clock = steerableClock();
  const faults = faultQueue();
  const tokens = await signedAccessTokens({ clock });
  const directory = new Directory();
  const tenant = directory.addTenant({ domains: ["contoso.onmicrosoft.com"], adfs: true });
  const application = directory.addApplication({ tenantId: tenant.tenantId, displayName: "velero" });
  const handler = entra({ clock, faults, tokens, directory, ...more });

  async function call(
    method: string,
    path: string,
    options: { readonly form?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const [bare = "", query = ""] = path.split("?");
    const request: SimulatedRequest = {
      method,
      origin: ORIGIN,
      path: bare,
      query,
      headers: options.headers ?? {},
      body: bytes(new URLSearchParams(options.form ?? {}).toString()),
    };
    const { status, headers, body } = await handler(request);
    const text = typeof body === "string" ? body : "";
    return { status, headers, body: text === "" ? {} : JSON.parse(text) };
  }

  /** A v2 token request with these fields beside the usual ones; an empty one is left out. */
  function token(fields: Record<string, string>, tenantName: string = tenant.tenantId): Promise<Answer> {
    const all = {
      client_id: application.clientId,
      grant_type: "client_credentials",
      scope: STORAGE_SCOPE,
      client_info: "1",
      ...fields,
    };
    const form = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
    return call("POST", `/${tenantName}/oauth2/v2.0/token`, { form });
  }
  const tokenEndpoint = `${ORIGIN}/${tenant.tenantId}/oauth2/v2.0/token`;
  return { clock, faults, tokens, directory, tenant, application, call, token, tokenEndpoint };
}

export type EntraWorld = Awaited<ReturnType<typeof entraWorld>>;

export interface AssertionWishes {
  readonly audience: string;
  readonly clientId: string;
  readonly algorithm?: "RS256" | "PS256";
  /** Certificates to send along, the own one first. */
  readonly chain?: readonly string[];
  readonly lifetimeSeconds?: number;
  readonly subject?: string;
  readonly now: number;
}

/** An assertion as MSAL signs it: PS256 with x5t#S256, or RS256 with x5t. */
export function certificateAssertion(
  { certificate, key }: Certificate,
  wishes: AssertionWishes,
): Promise<string> {
  const { algorithm = "PS256", chain, clientId } = wishes;
  const read = new X509Certificate(certificate);
  const base64 = (hex: string, encoding: "base64" | "base64url"): string =>
    Buffer.from(hex.replaceAll(":", ""), "hex").toString(encoding);
  const now = Math.floor(wishes.now / 1000);
  return new SignJWT({
    aud: wishes.audience,
    iss: clientId,
    sub: wishes.subject ?? clientId,
    jti: randomUUID(),
    nbf: now,
    exp: now + (wishes.lifetimeSeconds ?? 600),
  })
    .setProtectedHeader({
      alg: algorithm,
      typ: "JWT",
      ...(algorithm === "PS256"
        ? { "x5t#S256": base64(read.fingerprint256, "base64") }
        : { x5t: base64(read.fingerprint, "base64url") }),
      ...(chain === undefined
        ? {}
        : { x5c: chain.map((pem) => new X509Certificate(pem).raw.toString("base64")) }),
    })
    .sign(createPrivateKey(key));
}

export function asAssertion(jwt: string): Record<string, string> {
  return {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: jwt,
  };
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
