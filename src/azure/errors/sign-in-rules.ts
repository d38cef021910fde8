import type { Operation, TokenOwner } from "../blob/operation.ts";
import type { ServiceError } from "./service-error.ts";
import { type Explanation, quoting, type Rule, sentence } from "./service-rule.ts";

/** The service refuses requests that are dated a quarter of an hour off. */
const CLOCK_SKEW_MILLISECONDS = 10 * 60 * 1000;

/** A token that is known to have run out explains every refusal, whatever code the service gives it. */
function expiredToken({ signIn }: Operation, error: ServiceError, now: number): Explanation | undefined {
  const current = error.serviceTime ?? now;
  if (signIn.kind !== "sas" || signIn.expires === undefined || signIn.expires > current) {
    return undefined;
  }
  return {
    code: "Unauthenticated",
    reason: `the SAS token expired at ${new Date(signIn.expires).toISOString()}`,
    hint: "make a new SAS token and put it into the credentials file",
  };
}

const refusedToken: Rule = (error, { account }) => {
  if (/not valid in the specified time frame/i.test(error.authenticationDetail ?? "")) {
    const hint = "look at its start (st) and expiry (se)";
    return { code: "Unauthenticated", reason: "the SAS token is not valid at this time", hint };
  }
  return {
    code: "Unauthenticated",
    reason: "the SAS token was refused",
    hint: `check that it was made for storage account "${account}", is whole, and that the key it was signed with was not renewed since`,
  };
};

export const authenticationFailed: Rule = (error, operation, now) => {
  const { signIn } = operation;
  if (signIn.kind === "sas") {
    return expiredToken(operation, error, now) ?? refusedToken(error, operation, now);
  }
  const clock = wrongClock(error, now);
  if (clock !== undefined) {
    return clock;
  }
  if (signIn.kind === "bearer") {
    return refusedIdentity(error, operation, now);
  }
  const hint =
    signIn.listed === true
      ? `Resource Manager gave it a moment ago: check that the endpoint is that of storage account "${operation.account}"`
      : `check that it is a current key of storage account "${operation.account}"; it may have been renewed`;
  return { code: "Unauthenticated", reason: "the account key was refused", hint };
};

/** Explains a refusal by a clock that is off; undefined while it is not. */
function wrongClock(error: ServiceError, now: number): Explanation | undefined {
  const skew = error.serviceTime === undefined ? 0 : now - error.serviceTime;
  if (Math.abs(skew) <= CLOCK_SKEW_MILLISECONDS) {
    return undefined;
  }
  const minutes = Math.round(Math.abs(skew) / 60_000);
  const reason = `this machine's clock is ${minutes} minutes ${skew > 0 ? "ahead of" : "behind"} the service's`;
  return { code: "Unauthenticated", reason, hint: "set this machine's clock (NTP)" };
}

/**
 * A bearer token that was refused, twice: what the service says of it tells audience, issuer and lifetime apart (source:
 * "Authorize access to blobs using Microsoft Entra ID", and the service's own AuthenticationErrorDetail).
 */
const refusedIdentity: Rule = (error, operation, now) => {
  const detail = `${error.authenticationDetail ?? ""} ${error.message ?? ""}`;
  const { account, signIn } = operation;
  const tenant = signIn.kind === "bearer" ? signIn.who().tenantId : undefined;
  const code = "Unauthenticated";
  if (/audience/i.test(detail)) {
    const hint =
      "check that AZURE_CLOUD_NAME is the cloud of the storage account; for a custom cloud, the audience that it tells";
    return { code, reason: "the identity's token is for another service (wrong audience)", hint };
  }
  if (/issuer|tenant/i.test(detail)) {
    const whose = tenant === undefined ? "" : ` (${tenant})`;
    const hint = `check AZURE_TENANT_ID: it must be the tenant of the subscription of storage account "${account}"`;
    return { code, reason: `the identity's token is of another tenant${whose}`, hint };
  }
  if (/lifetime|expired|not yet valid/i.test(detail)) {
    const clock = wrongClock(error, now);
    const hint = "set this machine's clock (NTP)";
    return clock ?? { code, reason: "the identity's token is not valid at this time", hint };
  }
  return {
    code,
    reason: `the identity's token was refused: ${sentence(error)}`,
    hint: "check AZURE_TENANT_ID, AZURE_CLOUD_NAME, and that the endpoint is the storage account's own",
  };
};

/** 401 without a token at all, or with one that cannot be read, is answered alike whoever asked. */
export const badAuthentication: Rule = (error, operation, now) =>
  operation.signIn.kind === "bearer"
    ? refusedIdentity(error, operation, now)
    : quoting("Unauthenticated")(error, operation, now);

/** Who an identity is, as far as it is known: what a role must be given to. */
function describeOwner({ objectId, clientId }: TokenOwner): string {
  const ids = [
    ...(objectId === undefined ? [] : [`object ID ${objectId}`]),
    ...(clientId === undefined ? [] : [`client ID ${clientId}`]),
  ];
  return ids.length === 0 ? "the identity" : `the identity with ${ids.join(", ")}`;
}

export const missingDataRole: Rule = (error, operation, now) => {
  const { signIn, account, container } = operation;
  if (signIn.kind !== "bearer") {
    return notAllowed(error, operation, now);
  }
  const owner = signIn.who();
  return {
    code: "PermissionDenied",
    reason: `${describeOwner(owner)} has no role that allows that`,
    hint: `give it the role "Storage Blob Data Contributor" on storage account "${account}" (or container "${container}" and, for signed URLs, "Storage Blob Delegator" on the account), and wait some minutes until it holds; Owner or Contributor are not enough. az role assignment create --assignee-object-id ${owner.objectId ?? "OBJECT_ID"} --assignee-principal-type ServicePrincipal --role "Storage Blob Data Contributor" --scope RESOURCE_ID_OF_THE_ACCOUNT`,
  };
};

export const notAllowed: Rule = (error, operation, now) => {
  const { signIn, account } = operation;
  if (signIn.kind === "sas") {
    const letters = signIn.permissions === undefined ? "" : `; this one has "${signIn.permissions}"`;
    return (
      expiredToken(operation, error, now) ?? {
        code: "PermissionDenied",
        reason: "the SAS token does not allow that",
        hint: `make one with the permissions racwdl for the container${letters}`,
      }
    );
  }
  const networks = `check the network rules of storage account "${account}" (public access, selected networks, private endpoint)`;
  return {
    code: "PermissionDenied",
    reason: "the storage account does not let this request in",
    hint: signIn.kind === "bearer" ? networks : `${networks} and that the account key is a current one`,
  };
};

export const keyNotPermitted: Rule = (_error, { account, signIn }) => ({
  code: "PermissionDenied",
  reason: `storage account "${account}" does not permit sign-in with its key, nor with a SAS token made from it`,
  hint:
    signIn.kind === "sharedKey" && signIn.listed === true
      ? 'set useAAD to "true" in the location\'s config, and give the identity the role "Storage Blob Data Contributor" on the account'
      : "sign in with a Microsoft Entra identity (useAAD), or allow storage account key access",
});
