import type { ManagedIdentityProof } from "../../credentials/identity.ts";
import { Failure } from "../../errors/error.ts";
import { isLoopback } from "../account/endpoint.ts";
import { NodeTransport } from "../http/node-transport.ts";
import { systemClock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpRequest } from "../http/transport.ts";
import { TransportError } from "../http/transport.ts";
import { textField } from "../resource-manager/json.ts";
import { ask, type ProviderAnswer, readToken, refuseRedirect } from "./provider.ts";
import type { Acquired, TokenRequest, TokenSourceSettings } from "./sign-in.ts";

/**
 * The metadata service answers 404 or 410 while it is updated, for 70 seconds at the most (source: "How to use managed
 * identities on a VM to acquire an access token", error handling). Where nobody answers at all, this is no machine of
 * Azure's, and that shall be told soon.
 */
const RETRY: Partial<RetryPolicy> = {
  maxAttempts: 8,
  maxUnanswered: 2,
  baseDelay: 1_000,
  maxDelay: 16_000,
  total: 80_000,
  statuses: new Set([404, 408, 410, 429, 500, 501, 502, 503, 504]),
};

/** It is on the same host: who takes longer to accept a connection does not exist. */
const CONNECT_TIMEOUT = 2_000;
const DEADLINE = 30_000;

/** A token for the machine's own identity, or one of those assigned to it, from the machine's metadata service. */
export async function machineToken(
  proof: ManagedIdentityProof,
  request: TokenRequest,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<Acquired> {
  const identity =
    proof.client === undefined ? "the machine's managed identity" : `managed identity "${proof.client}"`;
  const what = `cannot sign in as ${identity}`;
  if (request.tenant !== undefined) {
    throw new Failure("FailedPrecondition", `${what}: the service belongs to tenant "${request.tenant}"`, {
      hint: "a managed identity signs in to its own tenant alone: use an identity of the service's tenant",
    });
  }
  const { now } = settings.clock ?? systemClock;
  const begun = now();
  const question = machineRequest(proof, request.audience, what);
  const answer = await askMachine(question, what, settings, signal);
  refuseRedirect(what, question.origin, answer);
  const token = answer.status === 200 ? readToken(answer.document, begun) : undefined;
  if (token === undefined) {
    throw refusal(what, proof, answer);
  }
  return token;
}

async function askMachine(
  request: HttpRequest,
  what: string,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  // Without any environment: through a proxy the answer would be the proxy's machine's.
  const transport =
    settings.machineTransport ??
    new NodeTransport({ environment: {}, timeouts: { connect: CONNECT_TIMEOUT } });
  try {
    return await ask({ what, request, transport, retry: RETRY }, settings, signal);
  } catch (error) {
    if (error instanceof Failure && error.cause instanceof TransportError) {
      throw new Failure("Unavailable", `${error.message}: this machine gives out no managed identity`, {
        hint: "outside of Azure, put a service principal (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET) or an account key into the credentials file; in AKS, label Velero's pods azure.workload.identity/use, or let them reach the metadata service",
        cause: error.cause,
      });
    }
    throw error;
  } finally {
    if (settings.machineTransport === undefined) {
      transport.close();
    }
  }
}

function machineRequest(
  { client, endpoint }: ManagedIdentityProof,
  audience: string,
  what: string,
): HttpRequest {
  const appService = endpoint.kind === "App Service";
  const variable = appService ? "IDENTITY_ENDPOINT" : "AZURE_POD_IDENTITY_AUTHORITY_HOST";
  const text = appService ? endpoint.url : endpoint.origin;
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || (url.protocol === "http:" && !staysHere(url.hostname))) {
    const reason = url === null ? "is not an address" : "is plain http to another machine";
    throw new Failure("InvalidArgument", `${what}: ${variable} ${reason}`, {
      hint: `unset ${variable}, or set it as Azure does, to an address on this machine`,
    });
  }
  const query = new URLSearchParams({
    "api-version": appService ? "2019-08-01" : "2018-02-01",
    resource: audience,
    ...(client === undefined ? {} : { client_id: client }),
  });
  const base = url.pathname.replace(/\/+$/, "");
  return {
    method: "GET",
    origin: url.origin,
    path: appService ? url.pathname : `${base}/metadata/identity/oauth2/token`,
    query: query.toString(),
    headers: appService ? { "x-identity-header": endpoint.header.reveal() } : { metadata: "true" },
    deadlineMilliseconds: DEADLINE,
  };
}

/** Loopback, or the link-local addresses where a host's own services answer. */
function staysHere(host: string): boolean {
  return isLoopback(host) || /^169\.254(\.\d{1,3}){2}$/.test(host) || /^\[fe[89ab][0-9a-f]:/i.test(host);
}

function refusal(
  what: string,
  { client }: ManagedIdentityProof,
  { status, document }: ProviderAnswer,
): Failure {
  const text = (textField(document, "error_description") ?? textField(document, "message") ?? "")
    .replaceAll(/\s+/g, " ")
    .slice(0, 300)
    .replace(/\.$/, "");
  if (status === 429 || status >= 500 || status === 404 || status === 410 || status === 408) {
    const reason = `the metadata service cannot answer for now (HTTP ${status}${text === "" ? "" : `: ${text}`})`;
    const code = status === 429 ? "ResourceExhausted" : "Unavailable";
    return new Failure(code, `${what}: ${reason}`, { retryable: true });
  }
  if (/identity not found|no .*identity/i.test(text)) {
    return new Failure("Unauthenticated", `${what}: this machine has no such identity (HTTP ${status})`, {
      hint:
        client === undefined
          ? "give the machine (with AKS, its node pool's scale set) an identity; or name one of several by AZURE_CLIENT_ID in the credentials file"
          : "AZURE_CLIENT_ID must be the client ID of a user-assigned identity that is assigned to this machine (with AKS, to its node pool's scale set)",
    });
  }
  if (/multiple user.assigned/i.test(text)) {
    return new Failure("Unauthenticated", `${what}: this machine has several (HTTP ${status})`, {
      hint: "name the one that is meant by AZURE_CLIENT_ID in the credentials file",
    });
  }
  if (status === 200 || document === undefined) {
    return new Failure("FailedPrecondition", `${what}: what answers is no metadata service (HTTP ${status})`);
  }
  const says = text === "" ? (textField(document, "error") ?? "nothing more") : text;
  return new Failure("Unauthenticated", `${what}: the metadata service says: ${says} (HTTP ${status})`);
}
