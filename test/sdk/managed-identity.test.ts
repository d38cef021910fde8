import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import type { Principal } from "../../simulator/core/principals.ts";
import { SDKS, type Sdk } from "./client.ts";
import type { SignIn } from "./order.ts";
import { GROUP, GROUP_ID, startWorld, SUBSCRIPTION, TENANT, type World } from "./world.ts";

const SCOPE = "https://storage.azure.com/.default";
let world: World;
let system: Principal;
let user: Principal;

before(async () => {
  world = await startWorld();
  const resourceId = `${GROUP_ID}/providers/Microsoft.Compute/virtualMachines/node`;
  system = world.inventory.addSystemAssignedIdentity({ resourceId, tenantId: TENANT });
  user = userAssigned("first");
  userAssigned("second");
});
after(() => world[Symbol.asyncDispose]());

function userAssigned(name: string): Principal {
  const { clientId } = world.inventory.addUserAssignedIdentity({
    ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name },
  });
  const found = world.inventory.find(TENANT, clientId);
  assert.ok(found);
  return found;
}

/** How a program finds out that it runs in Azure. */
const surroundings: readonly {
  readonly place: string;
  readonly sdks: readonly Sdk[];
  readonly environment: () => Readonly<Record<string, string>>;
}[] = [
  { place: "the metadata service where it always is", sdks: SDKS, environment: () => ({}) },
  {
    place: "a metadata service that AKS names",
    // Go's library knows the variable and does not heed it.
    sdks: ["Python"],
    environment: () => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: world.endpoints.imds }),
  },
  {
    place: "App Service",
    sdks: SDKS,
    environment: () => ({
      IDENTITY_ENDPOINT: world.endpoints.appService,
      IDENTITY_HEADER: world.identityHeader,
    }),
  },
];

const identities: readonly { name: string; signIn: () => Partial<SignIn>; oid: () => string }[] = [
  { name: "the machine's own identity", signIn: () => ({}), oid: () => system.objectId },
  {
    name: "an identity by its client ID",
    signIn: () => ({ clientId: user.clientId }),
    oid: () => user.objectId,
  },
  {
    name: "an identity by its resource ID",
    signIn: () => ({ resourceId: user.resourceId ?? "" }),
    oid: () => user.objectId,
  },
];

for (const sdk of SDKS) {
  for (const { place, environment } of surroundings.filter(({ sdks }) => sdks.includes(sdk))) {
    for (const { name, signIn, oid } of identities) {
      test(`${sdk} signs in with ${name} by ${place}`, async () => {
        const client = await world.client(sdk);
        const { token, expiresOn } = await client.ask({
          do: "token",
          signIn: { method: "managed-identity", ...signIn() },
          with: { scope: SCOPE },
          environment: environment(),
        });
        assert.equal(decodeJwt(token)["oid"], oid());
        assert.ok(Math.abs((decodeJwt(token).exp ?? 0) - expiresOn) < 60);
      });
    }

    test(`${sdk} is refused an identity that the machine does not have by ${place}`, async () => {
      const client = await world.client(sdk);
      const refusal = await client.refused({
        do: "token",
        signIn: { method: "managed-identity", clientId: randomUUID() },
        with: { scope: SCOPE },
        environment: environment(),
      });
      assert.equal(refusal.kind, "sign-in", refusal.message);
    });
  }

  test(`${sdk} tries again while the metadata service starts and throttles`, async () => {
    const starting = { kind: "fail", status: 404, code: "not_found" } as const;
    const throttled = { kind: "throttle", retryAfterSeconds: 1 } as const;
    world.faults.add({ service: "imds", operation: "token", effect: starting });
    world.faults.add({ service: "imds", operation: "token", effect: throttled });
    const client = await world.client(sdk);
    await client.ask({
      do: "token",
      signIn: { method: "managed-identity" },
      with: { scope: SCOPE },
      retries: { max: 3, delaySeconds: 1 },
    });
    world.faults.assertSpent();
  });

  test(`${sdk} is refused by App Service when it does not know the header`, async () => {
    const client = await world.client(sdk);
    const refusal = await client.refused({
      do: "token",
      signIn: { method: "managed-identity" },
      with: { scope: SCOPE },
      environment: { IDENTITY_ENDPOINT: world.endpoints.appService, IDENTITY_HEADER: "guessed" },
    });
    assert.equal(refusal.kind, "sign-in", refusal.message);
  });

  test(`${sdk} finds a way to sign in by itself, from the variables of a pod`, async () => {
    const client = await world.client(sdk);
    const { clientId, objectId } = user;
    const issued = await world.issuer.token({ subject: "system:serviceaccount:velero:velero" });
    world.inventory.addFederatedCredential(user.resourceId ?? "", {
      ...{ name: "pod", issuer: world.issuer.issuer, audiences: ["api://AzureADTokenExchange"] },
      subject: "system:serviceaccount:velero:velero",
    });
    const { token } = await client.ask({
      do: "token",
      signIn: { method: "default" },
      with: { scope: SCOPE },
      environment: {
        ...{ AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: TENANT },
        AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
        AZURE_FEDERATED_TOKEN_FILE: await world.file("pod-token", issued),
      },
    });
    assert.equal(decodeJwt(token)["oid"], objectId);
  });
}
