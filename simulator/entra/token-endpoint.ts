import { createHash, timingSafeEqual } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Principal, PrincipalSource } from "../core/principals.ts";
import { checkCertificateAssertion } from "./certificate-assertion.ts";
import type { Directory } from "./directory.ts";
import { EntraError } from "./errors.ts";
import { checkFederatedAssertion } from "./federated-assertion.ts";
import type { FetchJson } from "./issuer-keys.ts";
import { resourceOfScope } from "./resources.ts";
import type { ApplicationRecord, ClientSecret, TenantRecord } from "./state.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export interface TokenRequest {
  readonly tenant: TenantRecord;
  readonly form: ReadonlyMap<string, string>;
  /** What an assertion may name as its audience, without a slash at the end. */
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface TokenEndpointOptions {
  readonly directory: Directory;
  readonly principals: PrincipalSource;
  readonly fetchJson: FetchJson;
}

/** Who signed in, and for which resource. Throws what Entra answers. */
export interface SignIn {
  readonly principal: Principal;
  readonly resource: string;
}

/**
 * The client credentials grant, in version 2 of the endpoint (`scope`) and version 1 (`resource`).
 * Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export async function signIn(request: TokenRequest, options: TokenEndpointOptions): Promise<SignIn> {
  const { tenant, form } = request;
  const grant = required(form, "grant_type");
  if (grant !== "client_credentials")
    throw new EntraError(70003, `The app requested an unsupported grant type '${grant}'.`);
  const clientId = required(form, "client_id");
  const principal = options.principals.find(tenant.tenantId, clientId);
  if (principal === undefined) {
    throw new EntraError(
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenant.domains[0] ?? tenant.tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  const resource = form.get("resource") ?? resourceOfScope(required(form, "scope"));
  await authenticate(principal, request, options);
  return { principal, resource };
}

async function authenticate(
  principal: Principal,
  request: TokenRequest,
  options: TokenEndpointOptions,
): Promise<void> {
  const { form, now } = request;
  const application = options.directory.application(principal.tenantId, principal.clientId);
  const assertion = form.get("client_assertion");
  const secret = form.get("client_secret");
  if (assertion !== undefined) {
    if (form.get("client_assertion_type") !== ASSERTION_TYPE) throw missing("client_assertion_type");
    await checkAssertion(assertion, principal, application, request, options);
  } else if (secret === undefined) {
    throw new EntraError(
      7000216,
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    );
  } else {
    checkSecret(secret, principal, application?.secrets ?? [], now);
  }
}

async function checkAssertion(
  jwt: string,
  principal: Principal,
  application: ApplicationRecord | undefined,
  request: TokenRequest,
  { directory, principals, fetchJson }: TokenEndpointOptions,
): Promise<void> {
  const { header, claims } = decode(jwt);
  if (application !== undefined && claims.iss?.toLowerCase() === application.clientId) {
    await checkCertificateAssertion({ jwt, header }, application, request);
    return;
  }
  const { iss = "" } = claims;
  await checkFederatedAssertion(
    { jwt, claims },
    {
      principal,
      credentials: principals.federatedCredentials(principal),
      trust: directory.state.issuers.find(({ issuer }) => issuer === iss) ?? { issuer: iss },
      fetchJson,
      now: request.now,
    },
  );
}

function decode(jwt: string): {
  header: ReturnType<typeof decodeProtectedHeader>;
  claims: ReturnType<typeof decodeJwt>;
} {
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) };
  } catch {
    throw new EntraError(50027, "JWT token is invalid or malformed.");
  }
}

function checkSecret(
  presented: string,
  principal: Principal,
  secrets: readonly ClientSecret[],
  now: number,
): void {
  const found = secrets.find(({ value }) => isSame(value, presented));
  if (found === undefined) {
    throw new EntraError(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${principal.clientId}'.`,
    );
  }
  if (found.expires !== undefined && found.expires <= now) {
    throw new EntraError(
      7000222,
      `The provided client secret keys for app '${principal.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    );
  }
}

function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function required(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (value === undefined || value === "") throw missing(name);
  return value;
}

function missing(name: string): EntraError {
  return new EntraError(900144, `The request body must contain the following parameter: '${name}'.`);
}
