import assert from "node:assert/strict";
import { ContainerSASPermissions, generateBlobSASQueryParameters } from "@azure/storage-blob";
import { account } from "./gate.fixture.ts";
import { at, bearer, gate, type Given, signed, table } from "./refusals.fixture.ts";

async function keyRequest(start: Date | string, expiry: Date | string): Promise<Given> {
  const text = (time: Date | string): string => (typeof time === "string" ? time : time.toISOString());
  const body = `<KeyInfo><Start>${text(start)}</Start><Expiry>${text(expiry)}</Expiry></KeyInfo>`;
  const target = { method: "POST", path: "/", query: "restype=service&comp=userdelegationkey" };
  return { ...(await bearer()), ...target, body, allowed: true };
}

async function delegationSas(start: Date, expiry: Date, change = ""): Promise<Given> {
  const response = await gate(await keyRequest(start, expiry));
  const text = (name: string): string =>
    new RegExp(`<${name}>(.*)</${name}>`).exec(response.body ?? "")?.[1] ?? assert.fail(name);
  const key = {
    signedObjectId: text("SignedOid") + change,
    signedTenantId: text("SignedTid"),
    signedStartsOn: new Date(text("SignedStart")),
    signedExpiresOn: new Date(text("SignedExpiry")),
    signedService: text("SignedService"),
    signedVersion: text("SignedVersion"),
    value: text("Value"),
  };
  const permissions = ContainerSASPermissions.parse("r");
  const values = { containerName: "box", permissions, expiresOn: at(500), version: "2022-11-02" };
  return { query: generateBlobSASQueryParameters(values, key, account.name).toString() };
}

table([
  {
    name: "a user delegation key asked for with a key",
    given: async () => ({ ...(await keyRequest(at(0), at(1))), ...signed(at(0)) }),
    status: 403,
    code: "AuthenticationFailed",
  },
  {
    name: "a user delegation key without the role for it",
    given: async () => ({ ...(await keyRequest(at(0), at(1))), allowed: false }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a user delegation key for more than a week",
    given: () => keyRequest(at(0), at(7 * 24 + 0.1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation key that has expired",
    given: () => keyRequest(at(-2), at(-1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation key for no time at all",
    given: () => keyRequest("soon", at(1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation SAS whose key begins later",
    given: () => delegationSas(at(1), at(2)),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature not valid in the specified key time frame: Key start \[/,
  },
  {
    name: "a user delegation SAS that names another principal",
    given: async () => ({ ...(await delegationSas(at(0), at(1), "0")), allowed: true }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a user delegation SAS whose principal has lost its role",
    given: () => delegationSas(at(0), at(1)),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a user delegation SAS of a role that is gone, where keys are disabled",
    given: async () => ({ ...(await delegationSas(at(0), at(1))), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
]);
