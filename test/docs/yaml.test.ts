import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { parseDocument } from "yaml";
import { tokenEndpoint } from "../../src/azure/auth/authority.ts";
import { readCloudFile } from "../../src/azure/cloud/cloud-document.ts";
import { type CredentialValues, parseCredentials } from "../../src/config/credentials-file.ts";
import { parseObjectStoreConfig } from "../../src/config/object-store-config.ts";
import { parseVolumeSnapshotterConfig } from "../../src/config/volume-snapshotter-config.ts";
import { chooseCredential, chooseIdentity } from "../../src/credentials/choose.ts";
import { chooseCloud } from "../../src/credentials/cloud.ts";
import type { CredentialChoice, SignInMethod } from "../../src/credentials/method.ts";
import type { KubernetesObject } from "./cluster-calls.ts";
import { type Schema, veleroSchema, violations } from "./crds.ts";
import {
  type Block,
  blocks,
  METHOD_PAGES,
  type MethodPage,
  type Page,
  PAGES,
  pathOf,
  readPage,
} from "./page.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const METHODS: Readonly<Record<MethodPage, SignInMethod>> = {
  "account-key": "account key",
  "list-keys": "client secret",
  "sas-token": "SAS token",
  "client-secret": "client secret",
  "client-certificate": "client certificate",
  "workload-identity": "workload identity",
  "managed-identity": "managed identity",
};
/** What Azure's webhook puts into a labelled pod. */
const WEBHOOK = { AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/azure/tokens/azure-identity-token" };

interface LocationSpec {
  readonly provider: string;
  readonly config: Readonly<Record<string, string>>;
  readonly objectStorage: { readonly bucket: string };
  readonly credential: { readonly name: string; readonly key: string };
}

let schemas: Readonly<Record<string, Schema>>;
before(async () => {
  schemas = {
    BackupStorageLocation: await veleroSchema("backupstoragelocations", "v1"),
    VolumeSnapshotLocation: await veleroSchema("volumesnapshotlocations", "v1"),
  };
});

function read({ text, place }: Block): KubernetesObject {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  assert.deepEqual([...document.errors, ...document.warnings].map(String), [], place);
  return document.toJS() as KubernetesObject;
}

function one(page: Page, mark: string): KubernetesObject {
  const [block, ...more] = blocks(page, "yaml", mark);
  assert.ok(block && more.length === 0, `${pathOf(page.name)} has not one block "yaml ${mark}"`);
  return read(block);
}

function specOf(location: KubernetesObject): LocationSpec {
  return location.spec as unknown as LocationSpec;
}

/** The credentials file that Velero writes of a location's Secret. */
function valuesOf(secret: KubernetesObject, location: KubernetesObject): CredentialValues {
  const { credential } = specOf(location);
  assert.equal(secret.metadata.name, credential.name);
  const text = secret.stringData?.[credential.key] ?? "";
  return parseCredentials(`/tmp/credentials/velero/${credential.name}-${credential.key}`, Buffer.from(text));
}

function choose(name: MethodPage, location: KubernetesObject, values: CredentialValues): CredentialChoice {
  const { config: own, objectStorage } = specOf(location);
  const { config, warnings } = parseObjectStoreConfig({ ...own, bucket: objectStorage.bucket, prefix: "" });
  assert.deepEqual(warnings, []);
  const env = name === "workload-identity" ? WEBHOOK : {};
  return chooseCredential({ config, values, env, now: NOW });
}

/** Kinds that are no custom resources: as much of them as the pages have. */
function builtInViolations({ apiVersion, kind, metadata, stringData }: KubernetesObject): string[] {
  const known = { Secret: "v1", Deployment: "apps/v1" }[kind];
  return [
    ...(known === apiVersion ? [] : [`${kind} of ${apiVersion} is not known`]),
    ...(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(metadata.name) ? [] : [`"${metadata.name}" is no name`]),
    ...Object.entries(stringData ?? {})
      .filter(([key, value]) => typeof value !== "string" || !/^[-._a-zA-Z0-9]+$/.test(key))
      .map(([key]) => `stringData.${key} is not text under a name`),
  ];
}

for (const name of PAGES) {
  test(`every object on the page ${name} is one that Velero and Kubernetes take`, async () => {
    for (const block of blocks(await readPage(name), "yaml")) {
      const object = read(block);
      const schema = schemas[object.kind];
      const found = schema === undefined ? builtInViolations(object) : violations(schema, object);
      assert.deepEqual(found, [], block.place);
      assert.equal(object.metadata.namespace, "velero", block.place);
      if (object.kind === "BackupStorageLocation") {
        const { provider, config, objectStorage } = specOf(object);
        assert.equal(provider, "velero.io/azure");
        const { warnings } = parseObjectStoreConfig({ ...config, bucket: objectStorage.bucket, prefix: "" });
        assert.deepEqual(warnings, [], block.place);
      }
      if (object.kind === "VolumeSnapshotLocation") {
        assert.deepEqual(parseVolumeSnapshotterConfig(specOf(object).config).warnings, [], block.place);
      }
    }
  });

  test(`every JSON document on the page ${name} is one`, async () => {
    for (const { text, place } of blocks(await readPage(name), "json")) {
      assert.doesNotThrow(() => JSON.parse(text), place);
    }
  });
}

for (const name of METHOD_PAGES) {
  test(`the location and the Secret of the page ${name} sign in as it says`, async () => {
    const page = await readPage(name);
    const location = one(page, "location.yaml");
    const { credential, explanation, warnings } = choose(
      name,
      location,
      valuesOf(one(page, "secret"), location),
    );
    assert.equal(explanation.method, METHODS[name]);
    assert.deepEqual(warnings, []);
    assert.equal(credential.kind === "identity" && credential.throughListKeys, name === "list-keys");
  });
}

test("the second Secret of the page client-certificate names its file and its password", async () => {
  const page = await readPage("client-certificate");
  const location = one(page, "location.yaml");
  const { credential } = choose(
    "client-certificate",
    location,
    valuesOf(one(page, "secret-with-path"), location),
  );
  assert.ok(credential.kind === "identity");
  const proof = credential.identity.proof();
  assert.ok(proof.method === "client certificate");
  assert.deepEqual(proof.certificate, { path: "/certificates/velero.pfx" });
  assert.equal(proof.password?.reveal(), "correct horse");
});

test("the volume snapshot location of the page client-secret signs in as its identity", async () => {
  const page = await readPage("client-secret");
  const location = one(page, "snapshot-location");
  const values = valuesOf(one(page, "snapshot-secret"), location);
  const { config } = parseVolumeSnapshotterConfig(specOf(location).config);
  const { explanation } = chooseIdentity({ config, values, env: {}, now: NOW });
  assert.equal(explanation.method, "client secret");
  assert.ok(values.get("AZURE_SUBSCRIPTION_ID") !== undefined);
  assert.ok(values.get("AZURE_RESOURCE_GROUP") !== undefined);
});

test("the explanation that the first page shows is the one that is logged", async () => {
  const page = await readPage("client-secret");
  const location = one(page, "location.yaml");
  const { explanation } = choose("client-secret", location, valuesOf(one(page, "secret"), location));
  const [shown] = blocks(await readPage("README"), "json", "explanation");
  assert.deepEqual(
    JSON.parse(shown?.text ?? ""),
    JSON.parse(JSON.stringify(explanation)),
    JSON.stringify(explanation, null, 2),
  );
});

test("the pod that mounts its own token has it where its environment says, for the audience that Entra wants", async () => {
  const patch = one(await readPage("workload-identity"), "token.yaml").spec as {
    template: { spec: { containers: readonly Container[]; volumes: readonly Volume[] } };
  };
  const [{ env, volumeMounts } = { env: [], volumeMounts: [] }] = patch.template.spec.containers;
  const [{ name, projected }] = patch.template.spec.volumes as [Volume];
  const [{ serviceAccountToken }] = projected.sources as [Volume["projected"]["sources"][number]];
  const mounted = volumeMounts.find((mount) => mount.name === name)?.mountPath;
  assert.deepEqual(env, [
    { name: "AZURE_FEDERATED_TOKEN_FILE", value: `${mounted}/${serviceAccountToken.path}` },
  ]);
  assert.equal(serviceAccountToken.audience, "api://AzureADTokenExchange");
});

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly projected: {
    readonly sources: readonly {
      readonly serviceAccountToken: { readonly path: string; readonly audience: string };
    }[];
  };
}

async function cloudBlock(mark: string): Promise<CredentialValues> {
  const [block] = blocks(await readPage("clouds"), "dotenv", mark);
  assert.ok(block, `docs/sign-in/clouds.md has no block "dotenv ${mark}"`);
  return parseCredentials("cloud", Buffer.from(block.text));
}

const cloudCases = [
  { mark: "AzureUSGovernment", name: "AzureUSGovernment", kind: "known" },
  { mark: "AzureChinaCloud", name: "AzureChinaCloud", kind: "known" },
  { mark: "endpoint", name: "AzureStackCloud", kind: "asked" },
  { mark: "file", name: "AzureStackCloud", kind: "file" },
  { mark: "adfs", name: "AzureStackCloud", kind: "asked" },
] as const;

for (const { mark, name, kind } of cloudCases) {
  test(`the lines for ${mark} on the page clouds choose that cloud`, async () => {
    const config = { activeDirectoryAuthorityURI: undefined };
    const choice = chooseCloud({ config, values: await cloudBlock(mark), env: {} });
    assert.equal(choice.name, name);
    assert.equal(choice.where.kind, kind);
  });
}

test("the description of a cloud on the page clouds is whole", async () => {
  const [block] = blocks(await readPage("clouds"), "json", "azurestackcloud.json");
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-cloud-"));
  try {
    const path = join(folder, "azurestackcloud.json");
    await writeFile(path, block?.text ?? "");
    const cloud = readCloudFile(path, undefined);
    assert.equal(cloud.storageSuffix, "local.azurestack.external");
    assert.match(cloud.audiences.resourceManager, /azurestack\.onmicrosoft\.com/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the lines for AD FS and the location beside them lead to AD FS", async () => {
  const location = one(await readPage("clouds"), "adfs-location");
  const { config } = parseObjectStoreConfig({ ...specOf(location).config, bucket: "velero", prefix: "" });
  const choice = chooseCredential({ config, values: await cloudBlock("adfs"), env: {}, now: NOW });
  assert.equal(choice.explanation.method, "client certificate");
  const endpoint = tokenEndpoint(choice.cloud.authority?.url ?? "", "adfs", "cannot sign in");
  assert.deepEqual(endpoint, {
    origin: "https://adfs.local.azurestack.external",
    path: "/adfs/oauth2/token",
    adfs: true,
  });
});
