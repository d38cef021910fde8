import { randomUUID } from "node:crypto";
import type { SimulatedClock } from "../core/clock.ts";
import { effectOf, skewed, suffered } from "../core/effects.ts";
import type { FaultEffect, FaultQueue } from "../core/faults.ts";
import type { PrincipalSource } from "../core/principals.ts";
import type { SignedAccessTokens } from "../core/signed-access-tokens.ts";
import { bodyText, jsonAnswer } from "../http/json-answer.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import type { Directory } from "./directory.ts";
import { instanceDiscovery, openIdConfiguration } from "./discovery.ts";
import { EntraError, errorAnswer, UNCACHED } from "./errors.ts";
import { type FetchJson, fetchJsonFromNetwork } from "./issuer-keys.ts";
import { assertKnown, KNOWN_RESOURCES } from "./resources.ts";
import type { TenantRecord } from "./state.ts";
import { type SignIn, signIn } from "./token-endpoint.ts";

/** How long ago a token was issued that is to be expired already. */
const LONG_AGO_MILLISECONDS = 24 * 60 * 60 * 1000;

export interface EntraOptions {
  readonly clock: SimulatedClock;
  readonly faults: FaultQueue;
  readonly tokens: SignedAccessTokens;
  readonly directory: Directory;
  /** All who may sign in; default: the directory's applications. */
  readonly principals?: PrincipalSource | undefined;
  /** Audiences that tokens can be had for, besides those of the public clouds. */
  readonly resources?: readonly string[] | undefined;
  /** How the keys of other issuers are fetched; default: over the network. */
  readonly fetchJson?: FetchJson | undefined;
}

type Operation = "discovery" | "openid-configuration" | "keys" | "token";

interface Route {
  readonly operation: Operation;
  readonly tenant: string;
  readonly form: "v1" | "v2" | "adfs";
}

/**
 * Entra's sign-in service for applications: discovery, keys and the token endpoint, in its versions 1 and 2 and in the
 * form of AD FS. The operations that faults name are "discovery", "openid-configuration", "keys" and "token".
 */
export function entra(options: EntraOptions): Handler {
  return async (request) => {
    const route = routeOf(request.path);
    if (route === undefined) return { status: 404, headers: { "content-type": "text/html" }, body: "" };
    const effects = options.faults.take("entra", route.operation);
    const now = skewed(options.clock.now(), effects);
    await suffered(effects);
    try {
      throwFault(effects);
      const answer = await respond(route, request, { ...options, effects, now });
      return { ...answer, cutAfter: effectOf(effects, "cut")?.afterBytes };
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return errorAnswer(error, request, now);
    }
  };
}

function throwFault(effects: readonly FaultEffect[]): void {
  const throttle = effectOf(effects, "throttle");
  if (throttle !== undefined) {
    const { retryAfterSeconds } = throttle;
    throw new EntraError(90055, "There are too many incoming requests.", {
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  const fail = effectOf(effects, "fail");
  if (fail !== undefined) {
    const number = Number(fail.code.replace(/^AADSTS/, ""));
    const error = Number.isInteger(number) ? {} : { error: fail.code };
    throw new EntraError(
      Number.isInteger(number) ? number : 90033,
      fail.message ?? "A transient error has occurred.",
      {
        status: fail.status,
        ...error,
      },
    );
  }
}

interface Circumstances extends EntraOptions {
  readonly effects: readonly FaultEffect[];
  readonly now: number;
}

async function respond(
  route: Route,
  request: SimulatedRequest,
  circumstances: Circumstances,
): Promise<SimulatedResponse> {
  const { operation } = route;
  if (operation === "discovery")
    return jsonAnswer(200, instanceDiscovery(request.origin, new URLSearchParams(request.query)));
  const tenant = tenantOf(route, circumstances.directory);
  if (operation === "openid-configuration")
    return jsonAnswer(200, openIdConfiguration(request.origin, tenant, route.form));
  if (operation === "keys") {
    const { publicKey } = circumstances.tokens;
    const issuer = `https://login.microsoftonline.com/${tenant.tenantId}/v2.0`;
    return jsonAnswer(200, { keys: [{ ...publicKey, x5t: publicKey.kid, issuer }] });
  }
  if (request.method !== "POST") {
    throw new EntraError(
      900561,
      `The endpoint only accepts POST requests. Received a ${request.method} request.`,
    );
  }
  return answerToken(route, tenant, request, circumstances);
}

async function answerToken(
  route: Route,
  tenant: TenantRecord,
  request: SimulatedRequest,
  circumstances: Circumstances,
): Promise<SimulatedResponse> {
  const { directory, principals = directory, fetchJson = fetchJsonFromNetwork, now } = circumstances;
  const form = formOf(await bodyText(request), request.headers["authorization"]);
  const signedIn = await signIn(
    { tenant, form, audiences: audiencesOf(request.origin, tenant), now },
    { directory, principals, fetchJson },
  );
  assertKnown(signedIn.resource, [...KNOWN_RESOURCES, ...(circumstances.resources ?? [])], tenant.tenantId);
  return jsonAnswer(200, await grant(route, signedIn, circumstances), {
    ...UNCACHED,
    "x-ms-request-id": randomUUID(),
  });
}

async function grant(
  { form }: Route,
  { principal, resource }: SignIn,
  { tokens, effects, now }: Circumstances,
): Promise<Record<string, unknown>> {
  const age = effectOf(effects, "expire-token") === undefined ? 0 : LONG_AGO_MILLISECONDS;
  const { token, expiresInSeconds } = await tokens.issueBefore(principal, resource, age);
  const seconds = Math.floor(now / 1000);
  if (form !== "v1") {
    return {
      token_type: "Bearer",
      expires_in: expiresInSeconds,
      ext_expires_in: expiresInSeconds,
      access_token: token,
    };
  }
  return {
    token_type: "Bearer",
    expires_in: String(expiresInSeconds),
    ext_expires_in: String(expiresInSeconds),
    expires_on: String(seconds + expiresInSeconds),
    not_before: String(seconds - 300),
    resource,
    access_token: token,
  };
}

function tenantOf({ tenant }: Route, directory: Directory): TenantRecord {
  const found = directory.tenant(tenant);
  if (found !== undefined) return found;
  if (!/^[0-9a-f-]{36}$/i.test(tenant) && !tenant.includes(".")) {
    throw new EntraError(
      900023,
      `Specified tenant identifier '${tenant}' is neither a valid DNS name, nor a valid external domain.`,
    );
  }
  throw new EntraError(
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  );
}

/** Entra takes assertions for its token endpoint, and for the tenant as an issuer; by the ID or a name. */
function audiencesOf(origin: string, { tenantId, domains, adfs }: TenantRecord): readonly string[] {
  const names = [tenantId, ...domains];
  return [
    ...names.flatMap((name) =>
      ["oauth2/v2.0/token", "oauth2/token", "v2.0"].map((path) => `${origin}/${name}/${path}`),
    ),
    ...(adfs ? [`${origin}/adfs/oauth2/token`] : []),
  ];
}

function routeOf(path: string): Route | undefined {
  const [, tenant = "", rest = ""] = /^\/([^/]+)\/(.*?)\/?$/.exec(path) ?? [];
  const form = tenant.toLowerCase() === "adfs" ? "adfs" : rest.includes("v2.0") ? "v2" : "v1";
  const operation = OPERATIONS.get(rest.toLowerCase());
  return operation === undefined ? undefined : { operation, tenant: decodeURIComponent(tenant), form };
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["discovery/instance", "discovery"],
  [".well-known/openid-configuration", "openid-configuration"],
  ["v2.0/.well-known/openid-configuration", "openid-configuration"],
  ["discovery/keys", "keys"],
  ["discovery/v2.0/keys", "keys"],
  ["oauth2/token", "token"],
  ["oauth2/v2.0/token", "token"],
]);

/** A secret may come in the body or as Basic authentication (RFC 6749, section 2.3.1). */
function formOf(body: string, authorization: string | undefined): ReadonlyMap<string, string> {
  const form = new Map(new URLSearchParams(body));
  const basic = /^basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (basic !== undefined) {
    const pair = Buffer.from(basic, "base64").toString();
    const colon = pair.indexOf(":");
    form.set("client_id", decodeURIComponent(pair.slice(0, colon)));
    form.set("client_secret", decodeURIComponent(pair.slice(colon + 1)));
  }
  return form;
}
