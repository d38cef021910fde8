import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { matchesAction } from "../permissions.ts";
import {
  ACCOUNT,
  GROUP,
  OWNER,
  STRANGER,
  SUBSCRIPTION,
  TENANT,
  grant,
  simulatedWorld,
} from "../resource-manager.fixture.ts";

const VERSION = "api-version=2022-04-01";
const AT_SUBSCRIPTION = `/subscriptions/${SUBSCRIPTION}`;
const ROLES = "providers/Microsoft.Authorization/roleDefinitions";
const ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments";
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

const ACTIONS: readonly [pattern: string, action: string, matches: boolean][] = [
  ["*", "Microsoft.Storage/storageAccounts/listKeys/action", true],
  ["*/read", "Microsoft.Storage/storageAccounts/read", true],
  ["*/read", "Microsoft.Storage/storageAccounts/write", false],
  [
    "microsoft.storage/storageaccounts/LISTKEYS/action",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    true,
  ],
  [
    "Microsoft.Storage/storageAccounts/*",
    "Microsoft.Storage/storageAccounts/blobServices/containers/read",
    true,
  ],
  [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    true,
  ],
  ["Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/write", true],
  ["Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/read/more", false],
  ["Microsoft.Storage/storageAccounts/read", "MicrosoftxStorage/storageAccounts/read", false],
];

for (const [pattern, action, matches] of ACTIONS) {
  test(`the role's action ${pattern} ${matches ? "allows" : "does not allow"} ${action}`, () => {
    assert.equal(matchesAction(pattern, action), matches);
  });
}

const GRANTS: readonly { role: string; scope: string; action: string; data: boolean; allowed: boolean }[] = [
  { role: "Storage Blob Data Reader", scope: ACCOUNT, action: `${BLOBS}/read`, data: true, allowed: true },
  { role: "Storage Blob Data Reader", scope: ACCOUNT, action: `${BLOBS}/write`, data: true, allowed: false },
  {
    role: "Storage Blob Data Owner",
    scope: GROUP.toLowerCase(),
    action: `${BLOBS}/write`,
    data: true,
    allowed: true,
  },
  {
    role: "Storage Blob Data Owner",
    scope: `${ACCOUNT}2`,
    action: `${BLOBS}/write`,
    data: true,
    allowed: false,
  },
  { role: "Owner", scope: "/", action: `${BLOBS}/read`, data: true, allowed: false },
  {
    role: "Owner",
    scope: "/",
    action: "Microsoft.Authorization/roleAssignments/write",
    data: false,
    allowed: true,
  },
  {
    role: "Contributor",
    scope: AT_SUBSCRIPTION,
    action: "Microsoft.Authorization/roleAssignments/write",
    data: false,
    allowed: false,
  },
];

for (const { role, scope, action, data, allowed } of GRANTS) {
  test(`${role} at ${scope} ${allowed ? "allows" : "does not allow"} ${action}`, async () => {
    const { inventory } = await simulatedWorld();
    const within = `${ACCOUNT}/blobServices/default/containers/velero`;
    const request = { principalId: STRANGER.objectId.toUpperCase(), scope: within, action, data };
    assert.equal(inventory.isAllowed(request), false);
    grant(inventory, STRANGER, role, scope);
    assert.equal(inventory.isAllowed(request), allowed);
  });
}

function assignment(principalId: string, role = READER, more = {}) {
  return { properties: { principalId, roleDefinitionId: `${AT_SUBSCRIPTION}/${ROLES}/${role}`, ...more } };
}

test("a role is assigned, works at once, is found, and is taken away", async () => {
  const { call } = await simulatedWorld();
  const name = randomUUID();
  const path = `${ACCOUNT}/${ASSIGNMENTS}/${name}?${VERSION}`;
  const created = await call("PUT", path, { body: assignment(STRANGER.objectId) });
  assert.equal(created.status, 201);
  const properties = created.body["properties"] as Record<string, string>;
  assert.equal(properties["roleDefinitionId"], `${AT_SUBSCRIPTION}/${ROLES}/${READER}`);
  assert.equal(properties["scope"], ACCOUNT);
  const read = () => call("GET", `${ACCOUNT}?api-version=2024-01-01`, { as: STRANGER });
  assert.equal((await read()).status, 200);
  assert.equal((await call("PUT", path, { body: assignment(STRANGER.objectId) })).status, 200);
  assert.equal((await call("GET", path)).status, 200);
  assert.equal((await call("DELETE", path)).status, 200);
  assert.equal((await call("DELETE", path)).status, 204);
  assert.equal((await call("GET", path)).code, "RoleAssignmentNotFound");
  assert.equal((await read()).status, 403);
});

test("an assignment that is there under another name is a conflict that names it", async () => {
  const { call } = await simulatedWorld();
  const name = randomUUID();
  const put = (name: string, body: unknown) =>
    call("PUT", `${ACCOUNT}/${ASSIGNMENTS}/${name}?${VERSION}`, { body });
  await put(name, assignment(STRANGER.objectId));
  const again = await put(randomUUID(), assignment(STRANGER.objectId));
  assert.deepEqual([again.status, again.code], [409, "RoleAssignmentExists"]);
  assert.ok(again.message?.endsWith(` ${name.replaceAll("-", "")}.`));
  const changed = await put(name, assignment(OWNER.objectId));
  assert.equal(changed.code, "RoleAssignmentUpdateNotPermitted");
  const refusals: [string, unknown, string][] = [
    ["mine", assignment(STRANGER.objectId), "InvalidRoleAssignmentId"],
    [randomUUID(), assignment("me"), "InvalidPrincipalId"],
    [randomUUID(), assignment(STRANGER.objectId, randomUUID()), "RoleDefinitionDoesNotExist"],
  ];
  for (const [name, body, code] of refusals) {
    const refused = await put(name, body);
    assert.deepEqual([refused.status, refused.code], [400, code]);
  }
});

test("a principal that nobody knows is refused unless its type is told", async () => {
  const { call, inventory } = await simulatedWorld({ directoryHas: () => false });
  const put = (principalId: string, more = {}) =>
    call("PUT", `${ACCOUNT}/${ASSIGNMENTS}/${randomUUID()}?${VERSION}`, {
      body: assignment(principalId, READER, more),
    });
  const unknown = await put(randomUUID());
  assert.deepEqual([unknown.status, unknown.code], [400, "PrincipalNotFound"]);
  assert.ok(unknown.message?.includes(TENANT));
  assert.equal((await put(randomUUID(), { principalType: "ServicePrincipal" })).status, 201);
  const place = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups", name: "mi" };
  const { principalId } = inventory.addUserAssignedIdentity(place);
  assert.equal((await put(principalId, { principalType: "User" })).code, "UnmatchedPrincipalType");
  assert.equal((await put(principalId)).status, 201);
});

test("assignments are listed at, above and below a scope, and filtered", async () => {
  const { call, inventory } = await simulatedWorld();
  grant(inventory, STRANGER, "Reader", ACCOUNT);
  const count = async (scope: string, filter = "") => {
    const query = filter === "" ? "" : `&$filter=${encodeURIComponent(filter)}`;
    const answer = await call("GET", `${scope}/${ASSIGNMENTS}?${VERSION}${query}`);
    return answer.code ?? (answer.body["value"] as unknown[]).length;
  };
  assert.equal(await count(AT_SUBSCRIPTION), 2);
  assert.equal(await count(AT_SUBSCRIPTION, "atScope()"), 1);
  assert.equal(await count(ACCOUNT, "atScope()"), 2);
  assert.equal(await count(ACCOUNT, `principalId eq '${STRANGER.objectId}'`), 1);
  assert.equal(await count(ACCOUNT, `atScope() and assignedTo('${OWNER.objectId}')`), 1);
  assert.equal(await count(ACCOUNT, "startswith(scope, '/x')"), "UnsupportedQuery");
});

test("built-in roles are found by name, below the scope's subscription and at the root", async () => {
  const { call } = await simulatedWorld();
  const filter = encodeURIComponent("roleName eq 'Storage Blob Data Contributor'");
  const list = await call("GET", `${AT_SUBSCRIPTION}/${ROLES}?${VERSION}&$filter=${filter}`);
  const [role] = list.body["value"] as { id: string; name: string }[];
  assert.equal(role?.name, "ba92f5b4-2d11-453d-a403-e96b0029c9fe");
  assert.equal(role?.id, `${AT_SUBSCRIPTION}/${ROLES}/${role?.name}`);
  const root = await call("GET", `/${ROLES}/${role?.name}?${VERSION}`, { as: STRANGER });
  assert.deepEqual([root.status, root.body["id"]], [200, `/${ROLES}/${role?.name}`]);
  const none = await call("GET", `/${ROLES}/${randomUUID()}?${VERSION}`);
  assert.deepEqual([none.status, none.code], [404, "RoleDefinitionDoesNotExist"]);
});

test("a custom role grants what it says, keeps its name for itself, and goes when nobody has it", async () => {
  const { call, inventory } = await simulatedWorld();
  const name = randomUUID();
  const path = `${AT_SUBSCRIPTION}/${ROLES}/${name}?${VERSION}`;
  const properties = {
    roleName: "Velero keys",
    type: "CustomRole",
    assignableScopes: [AT_SUBSCRIPTION],
    permissions: [{ actions: ["Microsoft.Storage/storageAccounts/listKeys/action"], notActions: [] }],
  };
  const created = await call("PUT", path, { body: { properties } });
  assert.equal(created.status, 201);
  const twin = `${AT_SUBSCRIPTION}/${ROLES}/${randomUUID()}?${VERSION}`;
  const taken = await call("PUT", twin, { body: { properties } });
  assert.deepEqual([taken.status, taken.code], [409, "RoleDefinitionWithSameNameExists"]);
  const assigned = grant(inventory, STRANGER, name, ACCOUNT);
  const keys = () => call("POST", `${ACCOUNT}/listKeys?api-version=2024-01-01`, { as: STRANGER });
  assert.equal((await keys()).status, 200);
  const used = await call("DELETE", path);
  assert.deepEqual([used.status, used.code], [400, "RoleDefinitionHasAssignments"]);
  inventory.removeRoleAssignment(assigned);
  assert.equal((await keys()).status, 403);
  assert.deepEqual([(await call("DELETE", path)).status, (await call("DELETE", path)).status], [200, 204]);
});
