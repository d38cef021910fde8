import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silentLogger } from "../../src/log/logger.ts";
import { openObjectStore } from "../../src/store/open-object-store.ts";
import { type AzureWorld, startAzureWorld } from "./azure-world.ts";
import { rememberCluster, type RememberedCluster } from "./cluster-calls.ts";
import { type Shell, startShell } from "./commands.ts";
import { blocks, METHOD_PAGES, type Page, pathOf, readPage } from "./page.ts";

let world: AzureWorld;
let shell: Shell;
/** What the first page's commands leave behind. */
let prepared: string;

before(async () => {
  world = await startAzureWorld();
  shell = await startShell(world.folder);
  prepared = await follow(await readPage("README"), rememberCluster());
});
after(async () => {
  await shell?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** Runs all commands of a page in their order, as one script; resolves to the variables that it set. */
async function follow(page: Page, cluster: RememberedCluster): Promise<string> {
  const folder = join(world.folder, page.name);
  await mkdir(folder);
  for (const { mark, text } of page.blocks) {
    if (mark.includes(".")) await writeFile(join(folder, mark), text);
  }
  await writeFile(join(folder, "authority.pem"), world.authority.certificate);
  const lines = blocks(page, "sh")
    .map(({ text }) => text)
    .join("\n");
  const { code, errors, variables } = await shell.run({ before: prepared ?? "", lines, folder }, (call) =>
    call.tool === "az" ? world.az(call) : cluster.answer(call),
  );
  assert.equal(code, 0, `${pathOf(page.name)}: ${errors}`);
  return variables;
}

for (const name of METHOD_PAGES) {
  test(`who follows the page ${name} has locations that work`, async () => {
    const page = await readPage(name);
    const cluster = rememberCluster();
    await follow(page, cluster);
    assert.equal(cluster.locations.length, blocks(page, "yaml").filter(isLocation).length);
    for (const { metadata, spec = {} } of cluster.locations) {
      const { config, objectStorage, credential } = spec as unknown as LocationSpec;
      const secret = cluster.secrets.get(credential.name)?.[credential.key];
      assert.ok(secret !== undefined, `location ${metadata.name} names a Secret that the page does not make`);
      const credentialsFile = join(world.folder, `${name}-${metadata.name}`);
      await writeFile(credentialsFile, secret, { mode: 0o600 });
      const raw = { ...config, credentialsFile, bucket: objectStorage.bucket, prefix: "" };
      await useLocation(raw, objectStorage.bucket, await environmentOf(name));
    }
  });
}

test("the commands for clouds and networks are ones that the tools take", async () => {
  await follow(await readPage("clouds"), rememberCluster());
});

interface LocationSpec {
  readonly config: Readonly<Record<string, string>>;
  readonly objectStorage: { readonly bucket: string };
  readonly credential: { readonly name: string; readonly key: string };
}

function isLocation({ mark }: { readonly mark: string }): boolean {
  return mark.endsWith("location.yaml");
}

/** What Azure's webhook puts into a labelled pod. */
async function environmentOf(name: string): Promise<Readonly<Record<string, string>>> {
  if (name !== "workload-identity") return world.environment;
  const token = join(world.folder, "token");
  await writeFile(token, await world.issuer.token({ subject: "system:serviceaccount:velero:velero" }));
  return { ...world.environment, AZURE_FEDERATED_TOKEN_FILE: token };
}

async function useLocation(
  raw: Readonly<Record<string, string>>,
  container: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const { signal } = new AbortController();
  const store = await openObjectStore(raw, { ...environment, TMPDIR: world.folder }, silentLogger);
  try {
    const key = "backups/documented/velero-backup.json";
    const body = Buffer.from("{}");
    let given = false;
    const fill = async (target: Uint8Array): Promise<number> => {
      if (given) return 0;
      given = true;
      return body.copy(target);
    };
    await store.put(container, key, { fill }, { signal });
    assert.deepEqual(await store.list(container, "backups/", { signal }), [key]);
    const read: Uint8Array[] = [];
    for await (const chunk of await store.get(container, key, { signal })) read.push(Buffer.from(chunk));
    assert.deepEqual(Buffer.concat(read), body);
    if (!("storageAccountSASTokenEnvVar" in raw) && raw["storageAccount"] === "contosobackups") {
      assert.match(await store.createSignedUrl(container, key, 600_000, { signal }), /[?&]sig=/);
    }
    await store.delete(container, key, { signal });
  } finally {
    await store.close();
  }
}
