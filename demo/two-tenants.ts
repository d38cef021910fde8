import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { CallFailed } from "./grpc.ts";
import { BUCKET, type Tenant } from "./local-azure.ts";
import { Plugin } from "./plugin-client.ts";
import type { Scene } from "./scene.ts";

const KEY = "backups/nightly/velero-backup.json";
const CONTENT = Buffer.from('{"kind":"Backup"}');

/** Two locations whose identities belong to different tenants, with one service account token and no key at all. */
export async function tellTwoTenants(scene: Scene): Promise<void> {
  const { narrator, azure } = scene;
  const tokenFile = await azure.writeServiceAccountToken(scene.folder);
  await narrator.step(
    "Two tenants' workload identities sign in side by side, each location by itself, without any key",
    async () => {
      for (const tenant of azure.tenants) await backUp(scene, tenant, tokenFile);
    },
  );
  await narrator.step(
    "One tenant withdraws its trust in the cluster: only its location says so",
    async () => {
      const [first, second] = azure.tenants;
      ok(first !== undefined && second !== undefined);
      azure.world.directory.removeFederatedCredential(first.application, "cluster");
      narrator.detail(`${first.name}: Velero shows: ${await refusal(scene, first, tokenFile)}`);
      await withLocation(scene, second, tokenFile, async ({ objects }) => {
        deepStrictEqual(await objects.listCommonPrefixes(BUCKET, "backups/", "/"), ["backups/nightly/"]);
      });
      narrator.detail(`${second.name}: Available, its backup is there`);
    },
  );
}

/** Stores and reads back, and counts what was asked of which service for it. */
async function backUp(scene: Scene, tenant: Tenant, tokenFile: string): Promise<void> {
  const { world } = scene.azure;
  world.log.clear();
  await withLocation(scene, tenant, tokenFile, async ({ objects }) => {
    await objects.put(BUCKET, KEY, CONTENT, () => {});
    const asked = world.log.entries().map(({ service, operation }) => `${service} ${operation}`);
    deepStrictEqual(asked, ["entra token", "blob PutBlob"]);
    const chunks = objects.get(BUCKET, KEY);
    equal((await buffer(chunks)).toString(), CONTENT.toString(), "the backup came back with other bytes");
  });
  const requests = "requests until it was stored: one token, one Put Blob; none to Resource Manager";
  scene.narrator.detail(`${tenant.name}: account ${tenant.account}; ${requests}`);
}

async function refusal(scene: Scene, tenant: Tenant, tokenFile: string): Promise<string> {
  return withLocation(scene, tenant, tokenFile, async ({ objects }) => {
    const failure = await objects.listCommonPrefixes(BUCKET, "", "/").then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof CallFailed)) throw new Error("an identity that nobody trusts was not refused");
    ok(failure.message.includes("AADSTS"), `the refusal has no code of Entra's: ${failure.message}`);
    return failure.message;
  });
}

/** Velero starts a process for each question; so does this. */
async function withLocation<T>(
  { azure, executable, folder, logged, signal }: Scene,
  { name, account, application }: Tenant,
  tokenFile: string,
  use: (plugin: Plugin) => Promise<T>,
): Promise<T> {
  const credentialsFile = join(folder, `credentials-${name}`);
  const { tenantId, clientId } = application;
  const values = {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(credentialsFile, lines.join(""), { mode: 0o600 });
  const log = (line: string): number => logged.push(line);
  await using plugin = await Plugin.start({ executable, temporary: folder, log, signal });
  await plugin.objects.init({
    storageAccount: account,
    storageAccountURI: azure.endpoint(account),
    activeDirectoryAuthorityURI: azure.world.endpoints.entra,
    useAAD: "true",
    bucket: BUCKET,
    prefix: "",
    caCert: azure.authority,
    credentialsFile,
  });
  const result = await use(plugin);
  await plugin.shutdown();
  return result;
}
