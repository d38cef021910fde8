import { networkFailure, serviceFailure } from "../../src/azure/errors/errors.ts";
import { transportTrouble } from "../../src/azure/http/trouble.ts";
import type { Operation, SignIn } from "../../src/azure/blob/operation.ts";
import type { ServiceError } from "../../src/azure/errors/service-error.ts";

const HOST = "contosobackups.blob.core.windows.net";
const KEY: SignIn = { kind: "sharedKey" };
const SAS: SignIn = { kind: "sas", expires: undefined, permissions: "rl" };
const BEARER: SignIn = {
  kind: "bearer",
  who: () => ({
    objectId: "66666666-6666-4666-8666-666666666666",
    clientId: "55555555-5555-4555-8555-555555555555",
    tenantId: "11111111-1111-4111-8111-111111111111",
  }),
};

/** What the blob service's refusals, and a network's, are told as. */
export function blobFailures(now: number): unknown[] {
  const list = (signIn: SignIn): Operation => ({ ...place, verb: "list", signIn });
  const refused = (signIn: SignIn, status: number, code: string, more: Partial<ServiceError> = {}): unknown =>
    serviceFailure(list(signIn), { ...error, status, code, serviceTime: now, ...more }, now);
  const sign: Operation = { ...place, verb: "sign a URL for", key: "backups/a/a-logs.gz", signIn: BEARER };
  const mismatch = { ...error, status: 403, code: "AuthorizationPermissionMismatch" };
  return [
    refused(KEY, 404, "ContainerNotFound"),
    refused(KEY, 403, "AuthorizationFailure"),
    refused(KEY, 403, "AuthenticationFailed"),
    refused(KEY, 403, "AuthenticationFailed", { serviceTime: now - 3_600_000 }),
    refused(KEY, 403, "KeyBasedAuthenticationNotPermitted"),
    refused(SAS, 403, "AuthenticationFailed"),
    refused(SAS, 403, "AuthorizationPermissionMismatch"),
    refused(SAS, 403, "AuthorizationSourceIPMismatch"),
    refused(BEARER, 403, "AuthorizationPermissionMismatch"),
    refused(BEARER, 401, "InvalidAuthenticationInfo", { message: "Audience validation failed." }),
    serviceFailure(sign, mismatch, now),
    serviceFailure(list(KEY), { ...error, status: 302, location: "https://portal.example/" }, now),
    ...networkTroubles().map((trouble) => networkFailure(list(KEY), trouble)),
  ];
}

const place = { account: "contosobackups", container: "velero", host: HOST };
const error: ServiceError = {
  status: 403,
  code: undefined,
  message: undefined,
  authenticationDetail: undefined,
  requestId: "1",
  serviceTime: undefined,
  location: undefined,
};

/** As Node's net, tls and http throw them. */
function networkTroubles(): unknown[] {
  return [
    { code: "ENOTFOUND" },
    { code: "SELF_SIGNED_CERT_IN_CHAIN" },
    { code: "ERR_PROXY_TUNNEL", statusCode: 403, message: "Proxy response (403) !== 200" },
  ].map((fields) =>
    transportTrouble(Object.assign(new Error("trouble"), fields), { host: HOST, connected: false }),
  );
}
