import { Failure } from "../../errors/error.ts";
import type { Secret } from "../../secret/secret.ts";
import { isLoopback } from "../account/endpoint.ts";
import { systemClock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { ApplicationProof, Claims, TokenEndpoint } from "./application.ts";
import { entraFailure } from "./entra-errors.ts";
import type { Acquired, TokenRequest, TokenSourceSettings } from "./sign-in.ts";
import { ask, readToken, refuseRedirect } from "./provider.ts";

/** What of a form proves who asks. */
interface Prepared {
  /** Of a federated token, for the remedies of refusals. */
  readonly claims?: Claims | undefined;
  form(endpoint: TokenEndpoint): Readonly<Record<string, string>>;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A backup waits for the answer. */
const RETRY: Partial<RetryPolicy> = { maxAttempts: 5, total: 90_000 };
const DEADLINE = 30_000;

/**
 * A token for an application from Microsoft Entra or AD FS: one POST, and no request before it to discover what is
 * known. Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow".
 */
export async function authorityToken(
  proof: ApplicationProof,
  request: TokenRequest,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<Acquired> {
  const { now } = settings.clock ?? systemClock;
  const what = `cannot sign in as application "${proof.client}" of tenant "${proof.tenant}"`;
  const tenant = tenantFor(proof, request, what);
  // First what needs no request: a file that is missing or a token that has expired is told at once.
  const prepared = await prepare(proof, what, now());
  const cloud = await settings.cloud.find(signal);
  const endpoint = tokenEndpoint(cloud.authority, tenant, what);
  const form = new URLSearchParams({
    client_id: proof.client,
    grant_type: "client_credentials",
    scope: `${request.audience}/.default`,
    ...prepared.form(endpoint),
  });
  const begun = now();
  const answer = await ask(
    {
      what,
      request: {
        method: "POST",
        origin: endpoint.origin,
        path: endpoint.path,
        query: "",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: Buffer.from(form.toString()),
        deadlineMilliseconds: DEADLINE,
      },
      transport: settings.transport,
      retry: RETRY,
    },
    settings,
    signal,
  );
  refuseRedirect(what, endpoint.origin, answer);
  const token = answer.status === 200 ? readToken(answer.document, begun) : undefined;
  if (token === undefined) {
    const context = { what, proof, tenant, endpoint, audience: request.audience, claims: prepared.claims };
    throw entraFailure(context, answer, settings.logger);
  }
  return token;
}

async function prepare(proof: ApplicationProof, what: string, now: number): Promise<Prepared> {
  if (proof.method === "client secret") {
    return { form: () => ({ client_secret: proof.secret.reveal() }) };
  }
  if (proof.method === "workload identity") {
    const { readFederatedToken, refuseApiToken } = await import("./federated-token.ts");
    const { token, claims } = readFederatedToken(proof.tokenFile, what, now);
    return {
      claims,
      form({ origin }) {
        refuseApiToken(claims, origin, what);
        return asserted(token);
      },
    };
  }
  const { loadCertificate } = await import("./certificate.ts");
  const { signAssertion } = await import("./client-assertion.ts");
  const certificate = await loadCertificate(proof, what, now);
  return { form: (endpoint) => asserted(signAssertion(certificate, proof, endpoint, now)) };
}

function asserted(assertion: Secret): Readonly<Record<string, string>> {
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion.reveal() };
}

/** The identity's own tenant, or the one that a service named, if that is allowed. */
function tenantFor(proof: ApplicationProof, { tenant }: TokenRequest, what: string): string {
  if (tenant === undefined) {
    return proof.tenant;
  }
  const allowed = proof.additionalTenants;
  if (allowed.includes("*") || allowed.includes(tenant)) {
    return tenant;
  }
  throw new Failure("FailedPrecondition", `${what}: the service belongs to tenant "${tenant}"`, {
    hint: `set AZURE_TENANT_ID to "${tenant}" if the application lives there; if it is registered in both, add "${tenant}" to AZURE_ADDITIONALLY_ALLOWED_TENANTS`,
  });
}

/**
 * `AUTHORITY/TENANT/oauth2/v2.0/token`; with AD FS, whose authority ends with `/adfs` or whose tenant is `adfs`,
 * `ORIGIN/adfs/oauth2/token`. Throws `Failure` InvalidArgument for an authority over plain http that is not this very
 * machine, and for a tenant that is none.
 */
export function tokenEndpoint(authority: string, tenant: string, what: string): TokenEndpoint {
  const { origin, protocol, hostname, pathname } = new URL(authority);
  if (protocol !== "https:" && !isLoopback(hostname)) {
    throw new Failure("InvalidArgument", `${what}: the authority "${origin}" is plain http`, {
      hint: "set activeDirectoryAuthorityURI to an address that begins with https://",
    });
  }
  const path = pathname.replace(/\/+$/, "");
  if (/(^|\/)adfs$/i.test(path) || tenant.toLowerCase() === "adfs") {
    return { origin, path: `${path === "" ? "/adfs" : path}/oauth2/token`, adfs: true };
  }
  if (!/^[\w.-]+$/.test(tenant)) {
    throw new Failure("InvalidArgument", `${what}: that is no tenant`, {
      hint: "set AZURE_TENANT_ID to the tenant's ID, a GUID, or to one of its domains",
    });
  }
  // People write the tenant behind the authority, where the official plugin would double it.
  const base = path.toLowerCase() === `/${tenant.toLowerCase()}` ? "" : path;
  return { origin, path: `${base}/${tenant}/oauth2/v2.0/token`, adfs: false };
}
