import type { SimulatedResponse } from "../http/message.ts";
import { challenge, FIRST_WITH_CHALLENGE } from "./bearer.ts";
import type { Admission, Authorities, Call } from "./caller.ts";
import { Refusal } from "./refusal.ts";

/** Nobody signed in: reading may go on, since only the container knows whether it is public. */
export function admitAnonymous(call: Call, authorities: Authorities): Admission {
  const reading = call.operation.permissions === "r" || call.operation.name === "ListBlobs";
  if (!call.account.allowBlobPublicAccess || !reading || call.operation.level === "service") {
    throw anonymousRefusal(call, authorities);
  }
  return { onlyNew: false, anonymous: true };
}

/** Whether Azurite's answer says that the container is not public, or not there. */
export function hidesFromAnonymous({ status }: SimulatedResponse): boolean {
  return status === 401 || status === 403 || status === 404;
}

/**
 * A private container looks as if it were not there; since 2019-12-12 the service tells where to sign in instead.
 * Source: learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory, "Bearer challenge".
 */
export function anonymousRefusal(call: Call, authorities: Authorities): Refusal {
  if ((call.request.headers["x-ms-version"] ?? "") >= FIRST_WITH_CHALLENGE) {
    return new Refusal("NoAuthenticationInformation", { headers: challenge(call, authorities) });
  }
  return new Refusal(call.account.allowBlobPublicAccess ? "ResourceNotFound" : "PublicAccessNotPermitted");
}
