import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseObjectStoreConfig } from "../config/object-store-config.ts";
import { chooseCredential } from "./choose.ts";
import { LiveCredentials } from "./live-credentials.ts";
import type { IdentityProof } from "./identity.ts";
import type { SignInInput } from "./method.ts";
import { KEY } from "./sign-in.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "velero-azure-test-"));
after(() => rmSync(folder, { recursive: true }));
const credentialsFile = join(folder, "cloud");
const write = (text: string): void => writeFileSync(credentialsFile, text, { mode: 0o600 });

/** As Kubernetes does: the file appears whole, under another inode. */
function replace(text: string): void {
  writeFileSync(`${credentialsFile}.new`, text, { mode: 0o600 });
  renameSync(`${credentialsFile}.new`, credentialsFile);
}

function live() {
  const troubles: unknown[] = [];
  return { troubles, live: new LiveCredentials({ credentialsFile }, {}, (error) => troubles.push(error)) };
}

test("the values are the same object until the file changes", () => {
  write("AZURE_TENANT_ID=a\n");
  const { live: credentials } = live();
  const before = credentials.current();
  assert.equal(credentials.current(), before);
  replace("AZURE_TENANT_ID=b\n");
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "b");
  // In place and of the same length, as Velero writes the file of a location's credential.
  write("AZURE_TENANT_ID=c\n");
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "c");
});

test("a file that goes away or cannot be read leaves what it held, and is read when it is back", () => {
  write("AZURE_TENANT_ID=a\n");
  const { live: credentials, troubles } = live();
  rmSync(credentialsFile);
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "a");
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "a");
  assert.equal(troubles.length, 1);
  write("no line of this kind\n");
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "a");
  assert.equal(troubles.length, 2);
  write("AZURE_TENANT_ID=b\n");
  assert.equal(credentials.current().get("AZURE_TENANT_ID"), "b");
});

test("without a file there is nothing to look at", () => {
  assert.equal(new LiveCredentials({ credentialsFile: undefined }, {}, () => {}).current().path, undefined);
});

test("a Secret's volume is read again when kubelet swaps its folder", () => {
  const volume = join(folder, "volume");
  const swap = (name: string, text: string): void => {
    mkdirSync(join(volume, name), { recursive: true });
    writeFileSync(join(volume, name, "cloud"), text);
    symlinkSync(name, join(volume, "..new"));
    renameSync(join(volume, "..new"), join(volume, "..data"));
  };
  swap("..1", "AZURE_TENANT_ID=a\n");
  symlinkSync(join("..data", "cloud"), join(volume, "cloud"));
  const { current } = new LiveCredentials({ credentialsFile: join(volume, "cloud") }, {}, (error) => {
    throw error;
  });
  assert.equal(current().get("AZURE_TENANT_ID"), "a");
  swap("..2", "AZURE_TENANT_ID=b\n");
  assert.equal(current().get("AZURE_TENANT_ID"), "b");
});

function choose(
  config: Readonly<Record<string, string>>,
  { env = {}, unusable = () => {} }: Partial<Pick<SignInInput, "env" | "unusable">> = {},
) {
  const { live: credentials } = live();
  return chooseCredential({
    config: parseObjectStoreConfig({ storageAccount: "a", ...config }).config,
    values: credentials.current(),
    current: credentials.current,
    unusable,
    env,
    now: Date.UTC(2026, 5, 1),
  }).credential;
}

test("an account key that was rotated in the file is used from then on, and rubbish is not", () => {
  write(`AZURE_STORAGE_KEY=${KEY}\n`);
  const credential = choose({});
  assert.ok(credential.kind === "account key");
  assert.equal(credential.fresh?.(), credential.key);
  const next = Buffer.alloc(64, "other").toString("base64");
  replace(`AZURE_STORAGE_KEY=${next}\n`);
  const fresh = credential.fresh?.();
  assert.equal(fresh?.reveal(), next);
  assert.equal(credential.fresh?.(), fresh);
  replace("AZURE_STORAGE_KEY=rubbish!\n");
  assert.equal(credential.fresh?.().reveal(), next);
  replace("OTHER=1\n");
  assert.equal(credential.fresh?.().reveal(), next);
});

test("a SAS token that was rotated in the file is used from then on", () => {
  const sas = (sig: string): string => `sv=2024-11-04&sr=c&sp=racwdl&se=2027-01-01T00:00:00Z&sig=${sig}`;
  write(`TOKEN='?${sas("one")}'\n`);
  const credential = choose({ storageAccountSASTokenEnvVar: "TOKEN" });
  assert.ok(credential.kind === "SAS token");
  replace(`TOKEN='?${sas("two")}'\n`);
  assert.equal(credential.fresh?.().reveal(), sas("two"));
});

test("a rotated SAS token may begin after the process did", () => {
  const sas = (start: string): string =>
    `sv=2024-11-04&sr=c&sp=racwdl&st=${start}&se=2027-01-01T00:00:00Z&sig=x`;
  write(`TOKEN='${sas("2026-05-01T00:00:00Z")}'\n`);
  const credential = choose({ storageAccountSASTokenEnvVar: "TOKEN" });
  assert.ok(credential.kind === "SAS token");
  replace(`TOKEN='${sas("2026-06-02T00:00:00Z")}'\n`);
  assert.equal(credential.fresh?.().reveal(), sas("2026-06-02T00:00:00Z"));
});

const pod = { AZURE_TENANT_ID: "pod", AZURE_CLIENT_ID: "pod", AZURE_FEDERATED_TOKEN_FILE: "/pod" };
for (const [method, env, own] of [
  ["workload identity", pod, "AZURE_TENANT_ID=t\nAZURE_CLIENT_ID=c\n"],
  ["managed identity", {}, "AZURE_CLIENT_ID=c\n"],
] as const) {
  test(`a ${method}'s file that is just being written anew does not lend the location another identity`, () => {
    write(own);
    const troubles: unknown[] = [];
    const credential = choose({ useAAD: "true" }, { env, unusable: (error) => troubles.push(error) });
    assert.ok(credential.kind === "identity");
    const { identity } = credential;
    const proof = (): IdentityProof => identity.proof();
    assert.equal(proof().method, method);
    write("");
    assert.equal(proof().client, "c");
    assert.equal(troubles.length, 1);
    write(own.replace("CLIENT_ID=c", "CLIENT_ID=d"));
    assert.equal(proof().client, "d");
  });
}

test("a client secret and an application that were rotated in the file prove the next sign-in", () => {
  write("AZURE_TENANT_ID=t\nAZURE_CLIENT_ID=c\nAZURE_CLIENT_SECRET=one\n");
  const credential = choose({ useAAD: "true" });
  assert.ok(credential.kind === "identity");
  replace("AZURE_TENANT_ID=t\nAZURE_CLIENT_ID=d\nAZURE_CLIENT_SECRET=two\n");
  const proof = credential.identity.proof();
  assert.ok(proof.method === "client secret");
  assert.deepEqual([proof.client, proof.secret.reveal()], ["d", "two"]);
  // Half written, or for another purpose now: the former holds until the service refuses it.
  replace("AZURE_TENANT_ID=t\n");
  assert.equal(credential.identity.proof(), proof);
});
