import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { GROUP, startAzureWorld, SUBSCRIPTION, type AzureWorld, type Part } from "./azure-world.ts";
import { put, refusedWith } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";
import { systemIdentity, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

async function initialized(...parts: readonly Part[]) {
  const location = await world.location(await publicCloud.part(world), ...parts, USE_AAD);
  await location.plugin.init(location.config);
  return location;
}

const UNKNOWN = "99999999-9999-4999-8999-999999999999";

test("a machine that has no metadata service is told to be none of Azure's", async () => {
  const location = await initialized({ env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1" } });
  await assert.rejects(
    put(location, "refused"),
    refusedWith("Unavailable", "this machine gives out no managed identity", "AZURE_CLIENT_SECRET"),
  );
});

test("an identity that the machine does not have is refused by its client ID", async () => {
  const location = await initialized(await systemIdentity.part(world), {
    values: { AZURE_CLIENT_ID: UNKNOWN },
  });
  await assert.rejects(
    put(location, "refused"),
    refusedWith("Unauthenticated", `managed identity "${UNKNOWN}"`, "no such identity", "scale set"),
  );
});

test("several identities of a machine without one of its own have to be told apart", async () => {
  const { inventory } = world.azure;
  const place = { subscriptionId: SUBSCRIPTION, resourceGroup: GROUP };
  const { id } = inventory.addUserAssignedIdentity({ ...place, name: "second" });
  world.azure.assign({ userAssigned: [id, world.userAssigned.resourceId ?? ""] });
  try {
    const location = await initialized(await systemIdentity.part(world));
    await assert.rejects(
      put(location, "refused"),
      refusedWith("Unauthenticated", "has several", "AZURE_CLIENT_ID in the credentials file"),
    );
  } finally {
    world.azure.assign({
      systemAssigned: world.systemAssigned.resourceId ?? "",
      userAssigned: [world.userAssigned.resourceId ?? ""],
    });
  }
});

test("a metadata service that still starts, and then throttles, is waited for", async () => {
  const location = await initialized(await systemIdentity.part(world));
  const { faults } = world.azure;
  faults.add({
    ...{ service: "imds", operation: "token" },
    effect: { kind: "fail", status: 404, code: "not_found" },
  });
  faults.add({
    ...{ service: "imds", operation: "token" },
    effect: { kind: "throttle", retryAfterSeconds: 1 },
  });
  await put(location, "waited");
  faults.assertSpent();
  assert.deepEqual(world.asked(), ["imds token", "imds token", "imds token", "blob PutBlob"]);
});

test("an identity that the App Service does not have is refused by its client ID", async () => {
  const { azure } = world;
  const location = await initialized({
    env: { IDENTITY_ENDPOINT: azure.endpoints.appService, IDENTITY_HEADER: azure.identityHeader },
    values: { AZURE_CLIENT_ID: UNKNOWN },
  });
  await assert.rejects(
    put(location, "refused"),
    refusedWith("Unauthenticated", `managed identity "${UNKNOWN}"`, "no such identity", "AZURE_CLIENT_ID"),
  );
});

test("App Service's endpoint does not answer who does not know its header", async () => {
  const env = { IDENTITY_ENDPOINT: world.azure.endpoints.appService, IDENTITY_HEADER: "guessed" };
  const location = await initialized({ env });
  await assert.rejects(put(location, "refused"), refusedWith("Unauthenticated", "HTTP 401"));
});

test("an endpoint of another machine in plain http gets no header that is a secret", async () => {
  const env = { IDENTITY_ENDPOINT: "http://machine.example/msi/token", IDENTITY_HEADER: "secret header" };
  const location = await initialized({ env });
  await assert.rejects(
    put(location, "refused"),
    refusedWith("InvalidArgument", "IDENTITY_ENDPOINT is plain http to another machine"),
  );
});
