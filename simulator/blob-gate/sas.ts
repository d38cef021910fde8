import { covers } from "./accounts.ts";
import { bearerOf } from "./bearer.ts";
import { rightOf, type Admission, type Authorities, type Call } from "./caller.ts";
import { authenticationFailed, Refusal } from "./refusal.ts";
import {
  accountText,
  delegationKeyFields,
  delegationText,
  type Sas,
  type SasParameter,
  serviceText,
  withPolicy,
} from "./sas-text.ts";
import { isSignedBy } from "./signature.ts";

const WEEK = 7 * 24 * 60 * 60 * 1000;
/** Versions before it sign other texts; nobody makes them any more. */
const FIRST_VERSION = "2015-04-05";

/**
 * A shared access signature: first whether it is genuine and in time, then whether it allows this.
 * Source: learn.microsoft.com/rest/api/storageservices/delegate-access-with-shared-access-signature.
 */
export async function admitSas(given: Sas, call: Call, authorities: Authorities): Promise<Admission> {
  const sas = await completed(given, call, authorities);
  checkForm(sas, call);
  checkTimes(sas, call);
  if (sas.kind === "user delegation") {
    checkDelegated(sas, call, authorities);
  } else {
    checkKeys(given, call);
  }
  await checkBearerToo(sas, call, authorities);
  checkCircumstances(sas, call);
  checkPermission(sas, call);
  // A key outlives its principal's role; what is made with it does not.
  const right =
    sas.kind === "user delegation"
      ? rightOf(call, authorities.accessControl, sas.of("skoid"))
      : { onlyNew: false };
  if (right === undefined) {
    throw new Refusal("AuthorizationPermissionMismatch");
  }
  const mayReplace = sas.of("sp").includes("w") || !isCreating(call);
  return { onlyNew: right.onlyNew || !mayReplace, anonymous: false };
}

async function completed(sas: Sas, call: Call, authorities: Authorities): Promise<Sas> {
  const id = sas.of("si");
  if (id === "") {
    return sas;
  }
  const policies = sas.kind === "service" ? await authorities.accessPolicies(call) : new Map();
  const policy = policies.get(id);
  if (policy === undefined) {
    throw authenticationFailed("Signature did not match. The stored access policy does not exist.");
  }
  return withPolicy(sas, policy);
}

const mandatory: Readonly<Record<Sas["kind"], readonly SasParameter[]>> = {
  account: ["sv", "ss", "srt", "sp", "se"],
  service: ["sv", "sr", "sp", "se"],
  "user delegation": ["sv", "sr", "sp", "se", "skoid", "sktid", "skt", "ske", "sks", "skv"],
};

function checkForm(sas: Sas, { address, operation }: Call): void {
  for (const name of mandatory[sas.kind]) {
    if (sas.of(name) === "") {
      throw authenticationFailed(`${name} is mandatory. Cannot be empty`);
    }
  }
  if (!/^\d{4}-\d\d-\d\d$/.test(sas.of("sv")) || sas.of("sv") < FIRST_VERSION) {
    throw authenticationFailed("sv is not a version that is supported");
  }
  if (sas.kind === "account") {
    return;
  }
  const resource = sas.of("sr");
  const tooHigh =
    resource === "c" ? address.container === undefined : operation.level !== "blob" && resource !== "d";
  if (!["b", "bs", "bv", "c", "d"].includes(resource) || tooHigh) {
    throw authenticationFailed("The specified signed resource is not allowed for the this resource level");
  }
}

function checkTimes(sas: Sas, { now }: Call): void {
  const start = sas.of("st") === "" ? undefined : timeOf(sas, "st");
  const expiry = timeOf(sas, "se");
  if ((start !== undefined && now < start) || now >= expiry) {
    const from = start === undefined ? "" : `Start [${words(start)}] - `;
    throw authenticationFailed(
      `Signature not valid in the specified time frame: ${from}Expiry [${words(expiry)}] - Current [${words(now)}]`,
    );
  }
}

function checkKeys(sas: Sas, call: Call): void {
  const { account } = call;
  if (!account.allowSharedKeyAccess) {
    throw new Refusal("KeyBasedAuthenticationNotPermitted");
  }
  const text = sas.kind === "account" ? accountText(sas, account.name) : serviceText(sas, call);
  checkSignature(sas, account.keys, text);
}

function checkDelegated(sas: Sas, call: Call, { delegationKeys }: Authorities): void {
  const start = timeOf(sas, "skt");
  const expiry = timeOf(sas, "ske");
  if (call.now < start || call.now >= expiry || expiry - start > 2 * WEEK) {
    throw authenticationFailed(
      "Signature not valid in the specified key time frame: " +
        `Key start [${words(start)}] - Key expiry [${words(expiry)}] - Current [${words(call.now)}]`,
    );
  }
  if (!sas.of("sks").includes("b")) {
    throw new Refusal("AuthorizationServiceMismatch");
  }
  const key = delegationKeys.valueOf(delegationKeyFields(sas, call.account.name));
  checkSignature(sas, [key], delegationText(sas, call));
}

function checkSignature(sas: Sas, keys: readonly string[], text: string): void {
  if (!isSignedBy(keys, [text], sas.of("sig"))) {
    throw authenticationFailed(`Signature did not match. String to sign used was ${text}`);
  }
}

/** A SAS for one user alone is taken together with that user's token only. */
async function checkBearerToo(sas: Sas, call: Call, authorities: Authorities): Promise<void> {
  const user = sas.of("sduoid");
  if (user === "") {
    return;
  }
  const { objectId } = await bearerOf(call, authorities);
  if (objectId.toLowerCase() !== user.toLowerCase()) {
    throw new Refusal("AuthorizationPermissionMismatch");
  }
}

function checkCircumstances(sas: Sas, { request, clientAddress }: Call): void {
  const scheme = request.origin.slice(0, request.origin.indexOf(":"));
  if (sas.of("spr") !== "" && !sas.of("spr").split(",").includes(scheme)) {
    throw new Refusal("AuthorizationProtocolMismatch");
  }
  if (sas.of("sip") !== "" && !covers(sas.of("sip"), clientAddress)) {
    throw new Refusal("AuthorizationSourceIPMismatch", {
      message: `This request is not authorized to perform this operation using this source IP ${clientAddress}.`,
    });
  }
}

function checkPermission(sas: Sas, { operation }: Call): void {
  if (sas.kind === "account") {
    if (!sas.of("ss").includes("b")) {
      throw new Refusal("AuthorizationServiceMismatch");
    }
    if (!sas.of("srt").includes(resourceTypes[operation.level])) {
      throw new Refusal("AuthorizationResourceTypeMismatch");
    }
  } else if (!operation.serviceSas) {
    throw new Refusal("AuthorizationFailure");
  }
  if (!operation.permissions.split("").some((letter) => sas.of("sp").includes(letter))) {
    throw new Refusal("AuthorizationPermissionMismatch");
  }
}

const resourceTypes = { service: "s", container: "c", blob: "o" };

function isCreating({ operation }: Call): boolean {
  return operation.level === "blob" && operation.permissions === "wc";
}

function timeOf(sas: Sas, name: "st" | "se" | "skt" | "ske"): number {
  const time = Date.parse(sas.of(name));
  if (Number.isNaN(time)) {
    throw authenticationFailed("Signature fields not well formed.");
  }
  return time;
}

function words(time: number): string {
  return new Date(time).toUTCString();
}
