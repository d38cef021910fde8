import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import { localIssuer, type TokenWishes } from "../../simulator/entra/local-issuer.ts";
import { SDKS } from "./client.ts";
import type { Order } from "./order.ts";
import { GROUP, startWorld, SUBSCRIPTION, TENANT, type World } from "./world.ts";

const SCOPE = "https://storage.azure.com/.default";
const SUBJECT = "system:serviceaccount:velero:velero";
const AUDIENCE = "api://AzureADTokenExchange";
let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

interface Trusting {
  readonly clientId: string;
  readonly objectId: string;
}

/** An application, and a user-assigned identity, that trust the issuer's tokens for the service account. */
const trusting = {
  application: (): Trusting => {
    const application = world.application();
    world.directory.addFederatedCredential(application, credential());
    return application;
  },
  "user-assigned identity": (): Trusting => {
    const identity = world.inventory.addUserAssignedIdentity({
      ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: `identity-${randomUUID()}` },
    });
    world.inventory.addFederatedCredential(identity.id, credential());
    return { clientId: identity.clientId, objectId: identity.principalId };
  },
};

function credential(): { name: string; issuer: string; subject: string; audiences: string[] } {
  return { name: "velero", issuer: world.issuer.issuer, subject: SUBJECT, audiences: [AUDIENCE] };
}

/** The order that a pod's variables make of a token. */
async function inPod({ clientId }: Trusting, token: string): Promise<Order<"token">> {
  return {
    do: "token",
    signIn: { method: "workload-identity" },
    with: { scope: SCOPE },
    environment: {
      AZURE_CLIENT_ID: clientId,
      AZURE_TENANT_ID: TENANT,
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      AZURE_FEDERATED_TOKEN_FILE: await world.file(`token-${randomUUID()}`, token),
    },
  };
}

const refusals: readonly { name: string; wishes: TokenWishes; code: string }[] = [
  { name: "another subject", wishes: { subject: `${SUBJECT}2` }, code: "AADSTS700213" },
  {
    name: "the subject in another case",
    wishes: { subject: SUBJECT.toUpperCase() },
    code: "AADSTS7002138",
  },
  {
    name: "another issuer",
    wishes: { subject: SUBJECT, issuer: "https://cluster.test/issuer/" },
    code: "AADSTS700211",
  },
  {
    name: "another audience",
    wishes: { subject: SUBJECT, audience: "https://kubernetes.default.svc" },
    code: "AADSTS700212",
  },
  { name: "an expired token", wishes: { subject: SUBJECT, lifetimeSeconds: -1 }, code: "AADSTS700024" },
];

for (const sdk of SDKS) {
  for (const [kind, trust] of Object.entries(trusting)) {
    test(`${sdk} signs in as an ${kind} with a cluster's token`, async () => {
      const principal = trust();
      const token = await world.issuer.token({ subject: SUBJECT });
      const client = await world.client(sdk);
      const answer = await client.ask(await inPod(principal, token));
      const { oid, aud } = decodeJwt(answer.token);
      assert.deepEqual({ oid, aud }, { oid: principal.objectId, aud: "https://storage.azure.com" });
    });
  }

  for (const { name, wishes, code } of refusals) {
    test(`${sdk} is refused a cluster's token for ${name}`, async () => {
      const token = await world.issuer.token(wishes);
      const client = await world.client(sdk);
      const refusal = await client.refused(await inPod(trusting.application(), token));
      assert.deepEqual([refusal.kind, refusal.code], ["sign-in", code]);
    });
  }

  test(`${sdk} is refused a token that somebody else signed in the cluster's name`, async () => {
    const forger = await localIssuer({ issuer: world.issuer.issuer, clock: world.clock });
    const client = await world.client(sdk);
    const order = await inPod(trusting.application(), await forger.token({ subject: SUBJECT }));
    const refusal = await client.refused(order);
    assert.deepEqual([refusal.kind, refusal.code], ["sign-in", "AADSTS50013"]);
  });

  test(`${sdk} is refused by an application that trusts nobody`, async () => {
    const client = await world.client(sdk);
    const order = await inPod(world.application(), await world.issuer.token({ subject: SUBJECT }));
    const refusal = await client.refused(order);
    assert.deepEqual([refusal.kind, refusal.code], ["sign-in", "AADSTS70025"]);
  });
}
