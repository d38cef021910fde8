import { effectOf, suffered } from "../core/effects.ts";
import { EntraError } from "../entra/errors.ts";
import { assertKnown, KNOWN_RESOURCES } from "../entra/resources.ts";
import { jsonAnswer } from "../http/json-answer.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import { grantTo, type ManagedIdentityOptions } from "./grant.ts";
import { identityOf } from "./machine.ts";

const VERSIONS: ReadonlySet<string> = new Set(["2019-08-01", "2017-09-01"]);

export interface AppServiceOptions extends ManagedIdentityOptions {
  /** What `IDENTITY_HEADER` holds; without it in `X-IDENTITY-HEADER` nothing is answered. A secret. */
  readonly identityHeader: string;
}

/**
 * The token endpoint of App Service, Functions and Container Apps, which `IDENTITY_ENDPOINT` names. Its faults are those
 * of the service "imds", operation "app-service-token".
 * Source: learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function appService(options: AppServiceOptions): Handler {
  return async (request) => {
    const effects = options.faults.take("imds", "app-service-token");
    await suffered(effects);
    const throttle = effectOf(effects, "throttle");
    if (throttle !== undefined) {
      const { retryAfterSeconds: seconds } = throttle;
      const headers: Record<string, string> = seconds === undefined ? {} : { "retry-after": String(seconds) };
      return { ...refusal(429, "Too many requests"), headers };
    }
    const fail = effectOf(effects, "fail");
    if (fail !== undefined) return refusal(fail.status, fail.message ?? fail.code);
    const early = refused(request, options.identityHeader);
    if (early !== undefined) return early;
    const query = new URLSearchParams(request.query);
    const resource = query.get("resource") ?? "";
    const found = identityOf(options.machine(), {
      clientId: query.get("client_id") ?? query.get("clientid") ?? undefined,
      objectId: query.get("object_id") ?? query.get("principal_id") ?? undefined,
      resourceId: query.get("mi_res_id") ?? query.get("msi_res_id") ?? undefined,
    });
    if (!("principal" in found)) {
      return refusal(400, "No managed identity was found for the specified ClientId/ResourceId/PrincipalId.");
    }
    try {
      assertKnown(resource, [...KNOWN_RESOURCES, ...(options.resources ?? [])], found.principal.tenantId);
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return refusal(500, `AADSTS${error.code}: ${error.message}`);
    }
    // There is no expires_in here: clients reckon with expires_on.
    const { expires_in: _, ...grant } = await grantTo(found.principal, resource, effects, options);
    return jsonAnswer(200, grant);
  };
}

function refused(request: SimulatedRequest, identityHeader: string): SimulatedResponse | undefined {
  if (request.headers["x-identity-header"] !== identityHeader) return refusal(401, "Unauthorized");
  const query = new URLSearchParams(request.query);
  if (!VERSIONS.has(query.get("api-version") ?? "")) return refusal(400, "The api-version is not supported.");
  return query.has("resource") ? undefined : refusal(400, "The resource parameter is required.");
}

function refusal(statusCode: number, message: string): SimulatedResponse {
  return jsonAnswer(statusCode, { statusCode, message });
}
