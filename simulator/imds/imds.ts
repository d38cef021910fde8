import { effectOf, suffered } from "../core/effects.ts";
import type { FaultEffect } from "../core/faults.ts";
import { EntraError } from "../entra/errors.ts";
import { assertKnown, KNOWN_RESOURCES } from "../entra/resources.ts";
import { jsonAnswer } from "../http/json-answer.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import { grantTo, type ManagedIdentityOptions } from "./grant.ts";
import { identityOf } from "./machine.ts";

const TOKEN_PATH = "/metadata/identity/oauth2/token";
const INSTANCE_PATH = "/metadata/instance";

/**
 * The Instance Metadata Service of a virtual machine: tokens for its managed identities, and a little of its description.
 * The operations that faults name are "token" and "instance". While it starts, the real one answers 404, 410 or 500.
 * Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function imds(options: ManagedIdentityOptions): Handler {
  return async (request) => {
    const operation = request.path.startsWith(INSTANCE_PATH) ? "instance" : "token";
    const effects = options.faults.take("imds", operation);
    await suffered(effects);
    const answer =
      faultAnswer(effects) ?? headerRefusal(request) ?? (await respond(request, effects, options));
    return { ...answer, cutAfter: effectOf(effects, "cut")?.afterBytes };
  };
}

async function respond(
  request: SimulatedRequest,
  effects: readonly FaultEffect[],
  options: ManagedIdentityOptions,
): Promise<SimulatedResponse> {
  const query = new URLSearchParams(request.query);
  if (request.path === TOKEN_PATH || request.path === `${TOKEN_PATH}/`) {
    if (request.method !== "GET") return refusal(405, "invalid_request", "Method not allowed");
    return answerToken(query, effects, options);
  }
  if (request.path === INSTANCE_PATH || request.path.startsWith(`${INSTANCE_PATH}/`))
    return answerInstance(request.path, query, options);
  return jsonAnswer(404, { error: "Not found" });
}

async function answerToken(
  query: URLSearchParams,
  effects: readonly FaultEffect[],
  options: ManagedIdentityOptions,
): Promise<SimulatedResponse> {
  const version = query.get("api-version");
  if (version === null)
    return refusal(400, "invalid_request", "Required query variable 'api-version' is missing");
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version) || version < "2018-02-01")
    return refusal(400, "invalid_request", "Query variable 'api-version' is not supported");
  const resource = query.get("resource");
  if (resource === null || resource === "")
    return refusal(400, "invalid_request", "Required query variable 'resource' is missing");
  const found = identityOf(options.machine(), {
    clientId: query.get("client_id") ?? undefined,
    objectId: query.get("object_id") ?? query.get("principal_id") ?? undefined,
    resourceId: query.get("msi_res_id") ?? query.get("mi_res_id") ?? undefined,
  });
  if (!("principal" in found)) {
    const several =
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
    return refusal(400, "invalid_request", found.absent === "none" ? "Identity not found" : several);
  }
  try {
    assertKnown(resource, [...KNOWN_RESOURCES, ...(options.resources ?? [])], found.principal.tenantId);
  } catch (error) {
    if (!(error instanceof EntraError)) throw error;
    return refusal(400, error.error, `AADSTS${error.code}: ${error.message}`);
  }
  const grant = await grantTo(found.principal, resource, effects, options);
  return jsonAnswer(200, { ...grant, refresh_token: "", ext_expires_in: grant.expires_in });
}

function answerInstance(
  path: string,
  query: URLSearchParams,
  { machine }: ManagedIdentityOptions,
): SimulatedResponse {
  if (!query.has("api-version")) {
    return jsonAnswer(400, {
      error:
        "Bad request. api-version was not specified in the request. For more information refer to aka.ms/azureimds",
      "newest-versions": ["2021-12-13", "2021-11-15", "2021-11-01"],
    });
  }
  const [, , subscriptionId = "", , resourceGroupName = ""] = (
    machine().systemAssigned?.resourceId ?? ""
  ).split("/");
  const compute: Record<string, string> = {
    azEnvironment: "AzurePublicCloud",
    location: "westeurope",
    name: "simulated",
    osType: "Linux",
    provider: "Microsoft.Compute",
    resourceGroupName,
    resourceId: machine().systemAssigned?.resourceId ?? "",
    subscriptionId,
    vmSize: "Standard_D2s_v5",
  };
  const [, , , first, field] = path.split("/");
  if (first === undefined) return jsonAnswer(200, { compute });
  if (first !== "compute") return jsonAnswer(404, { error: "Not found" });
  if (field === undefined) return jsonAnswer(200, compute);
  const value = compute[field];
  return value === undefined
    ? jsonAnswer(404, { error: "Not found" })
    : { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: value };
}

/** Against requests that somebody was tricked into: they carry no such header, or came through a proxy. */
function headerRefusal({ headers }: SimulatedRequest): SimulatedResponse | undefined {
  if (headers["metadata"]?.toLowerCase() !== "true")
    return refusal(400, "invalid_request", "Required metadata header not specified");
  if (headers["x-forwarded-for"] !== undefined)
    return refusal(400, "invalid_request", "Requests with an X-Forwarded-For header are not served");
  return undefined;
}

function faultAnswer(effects: readonly FaultEffect[]): SimulatedResponse | undefined {
  const throttle = effectOf(effects, "throttle");
  if (throttle !== undefined) {
    const { retryAfterSeconds: seconds } = throttle;
    const headers: Record<string, string> = seconds === undefined ? {} : { "retry-after": String(seconds) };
    return jsonAnswer(429, { error: "too_many_requests", error_description: "Too many requests" }, headers);
  }
  const fail = effectOf(effects, "fail");
  return fail === undefined ? undefined : refusal(fail.status, fail.code, fail.message ?? "Try again later");
}

function refusal(status: number, error: string, description: string): SimulatedResponse {
  return jsonAnswer(status, { error, error_description: description });
}
