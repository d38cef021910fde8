import { ManagementError } from "../errors.ts";
import { objectIn, textIn, textsIn } from "../json.ts";
import type { Json } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { FederatedIdentityCredentialRecord } from "../state.ts";
import { existingIdentity } from "./user-assigned-identities.ts";

const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}`;
const CREDENTIALS = `${IDENTITY}/federatedIdentityCredentials`;
const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
const MOST = 20;

/**
 * Sources: learn.microsoft.com/rest/api/managedidentity/federated-identity-credentials and
 * learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
export function federatedIdentityCredentialRoutes(): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  return [
    {
      operation: "federatedIdentityCredentials/list",
      method: "GET",
      path: CREDENTIALS,
      action: action("read"),
      answer: (request) => listOf(siblingsOf(request).map(bodyOf)),
    },
    {
      operation: "federatedIdentityCredentials/get",
      method: "GET",
      path: `${CREDENTIALS}/{credential}`,
      action: action("read"),
      answer: (request) => {
        const found = named(request);
        if (found === undefined) {
          throw new ManagementError(
            404,
            "NotFound",
            `The Federated Identity Credential '${variable(request, "credential")}' was not found.`,
          );
        }
        return { status: 200, body: bodyOf(found) };
      },
    },
    {
      operation: "federatedIdentityCredentials/create",
      method: "PUT",
      path: `${CREDENTIALS}/{credential}`,
      action: action("write"),
      answer: create,
    },
    {
      operation: "federatedIdentityCredentials/delete",
      method: "DELETE",
      path: `${CREDENTIALS}/{credential}`,
      action: action("delete"),
      answer: (request) => {
        const found = named(request);
        if (found === undefined) {
          return { status: 204 };
        }
        delete request.state.federatedIdentityCredentials[keyOf(found.id)];
        return { status: 200 };
      },
    },
  ];
}

async function create(request: ManagementRequest): Promise<Answer> {
  const identity = existingIdentity(request);
  const name = variable(request, "credential");
  const properties = objectIn(await request.body(), "properties");
  const issuer = textIn(properties, "issuer") ?? "";
  const subject = textIn(properties, "subject") ?? "";
  const audiences = textsIn(properties, "audiences");
  check(name, issuer, subject, audiences);
  const others = siblingsOf(request).filter((other) => keyOf(other.name) !== keyOf(name));
  if (others.some((other) => other.issuer === issuer && other.subject === subject)) {
    throw new ManagementError(
      409,
      "Conflict",
      "Issuer and subject combination already exists for this Managed Identity.",
    );
  }
  const former = named(request);
  if (former === undefined && others.length >= MOST) {
    throw new ManagementError(
      400,
      "BadRequest",
      `Too many Federated Identity Credentials: a managed identity can have ${MOST} at the most.`,
    );
  }
  const record: FederatedIdentityCredentialRecord = {
    id: former?.id ?? `${identity.id}/federatedIdentityCredentials/${name}`,
    identity: keyOf(identity.id),
    name: former?.name ?? name,
    issuer,
    subject,
    audiences,
  };
  request.state.federatedIdentityCredentials[keyOf(record.id)] = record;
  return { status: former === undefined ? 201 : 200, body: bodyOf(record) };
}

function check(name: string, issuer: string, subject: string, audiences: readonly string[]): void {
  const refuse = (message: string) => new ManagementError(400, "BadRequest", message);
  if (!/^[a-z0-9][-\w]{2,119}$/i.test(name)) {
    throw refuse(`Federated Identity Credential name '${name}' is invalid.`);
  }
  if (issuer === "" || subject === "" || audiences.length === 0) {
    throw refuse("Federated Identity Credential from HTTP body has empty properties");
  }
  if (audiences.length !== 1) {
    throw refuse("Federated identity credentials must have exactly one audience.");
  }
}

function siblingsOf(request: ManagementRequest): readonly FederatedIdentityCredentialRecord[] {
  const identity = keyOf(existingIdentity(request).id);
  return Object.values(request.state.federatedIdentityCredentials).filter(
    (credential) => credential.identity === identity,
  );
}

function named(request: ManagementRequest): FederatedIdentityCredentialRecord | undefined {
  const name = keyOf(variable(request, "credential"));
  return siblingsOf(request).find((credential) => keyOf(credential.name) === name);
}

function bodyOf(credential: FederatedIdentityCredentialRecord): Json {
  return {
    id: credential.id.replace("/resourceGroups/", "/resourcegroups/"),
    name: credential.name,
    type: TYPE,
    properties: {
      issuer: credential.issuer,
      subject: credential.subject,
      audiences: credential.audiences,
    },
  };
}
