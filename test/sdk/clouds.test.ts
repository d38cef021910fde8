import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import { SDKS } from "./client.ts";
import type { Cloud } from "./order.ts";
import { ACCOUNT, ACCOUNT_ID, GROUP, startWorld, SUBSCRIPTION, type World } from "./world.ts";

const STORAGE = { subscriptionId: SUBSCRIPTION, group: GROUP, name: ACCOUNT };
let world: World;
let federationServer: string;

before(async () => {
  world = await startWorld();
  federationServer = world.directory.addTenant({ adfs: true }).tenantId;
  await world.containers.create(ACCOUNT, "velero");
});
after(() => world[Symbol.asyncDispose]());

/** Microsoft's own clouds, whose names the SDKs let vouch for by Microsoft's discovery. */
const clouds: readonly { name: string; cloud: Cloud; blobSuffix: string }[] = [
  {
    name: "the US Government's cloud",
    cloud: {
      authority: "https://login.microsoftonline.us/",
      resourceManager: "https://management.usgovcloudapi.net",
      resourceManagerAudience: "https://management.core.usgovcloudapi.net",
    },
    blobSuffix: "blob.core.usgovcloudapi.net",
  },
  {
    name: "China's cloud",
    cloud: {
      authority: "https://login.chinacloudapi.cn/",
      resourceManager: "https://management.chinacloudapi.cn",
      resourceManagerAudience: "https://management.core.chinacloudapi.cn",
    },
    blobSuffix: "blob.core.chinacloudapi.cn",
  },
];

for (const sdk of SDKS) {
  for (const { name, cloud, blobSuffix } of clouds) {
    test(`${sdk} signs in, reads an account and stores a blob in ${name}`, async () => {
      const client = await world.client(sdk);
      const { signIn } = world.application([
        ["Reader", ACCOUNT_ID],
        ["Storage Blob Data Contributor", ACCOUNT_ID],
      ]);
      const { id } = await client.ask({ do: "accounts.get", signIn, cloud, with: STORAGE });
      assert.equal(id, ACCOUNT_ID);
      const blob = { endpoint: `https://${ACCOUNT}.${blobSuffix}`, container: "velero", name: randomUUID() };
      await client.ask({ do: "blob.put", signIn, cloud, with: { ...blob, text: "hello" } });
      assert.equal((await client.ask({ do: "blob.get", signIn, cloud, with: blob })).text, "hello");
    });
  }

  test(`${sdk} signs in with AD FS, which has no discovery and no tenants`, async () => {
    const client = await world.client(sdk);
    const tenantId = federationServer;
    const { clientId, objectId } = world.directory.addApplication({ tenantId });
    const clientSecret = world.directory.addSecret({ tenantId, clientId }).value;
    const { token } = await client.ask({
      do: "token",
      signIn: {
        method: "client-secret",
        tenantId: "adfs",
        clientId,
        clientSecret,
        disableInstanceDiscovery: true,
      },
      cloud: world.cloud,
      with: { scope: `${world.endpoints.resourceManager}/.default` },
    });
    assert.equal(decodeJwt(token)["oid"], objectId);
  });

  test(`${sdk} takes its authority from the environment`, async () => {
    const client = await world.client(sdk);
    const { signIn, objectId } = world.application();
    const { token } = await client.ask({
      do: "token",
      signIn: { ...signIn, disableInstanceDiscovery: true },
      with: { scope: "https://storage.azure.com/.default" },
      // Without the proxy no other authority is there.
      environment: { AZURE_AUTHORITY_HOST: `${world.endpoints.entra}/`, HTTPS_PROXY: "" },
    });
    assert.equal(decodeJwt(token)["oid"], objectId);
  });
}
