import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { describeFailure, Failure } from "../errors/error.ts";
import { loadCredentials, parseCredentials, readFailure } from "./credentials-file.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "velero-azure-credentials-"));
});

after(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

function failsWith(code: string, ...words: string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, code);
    const text = describeFailure(error);
    for (const word of words) {
      assert.ok(text.includes(word), `${word} in ${text}`);
    }
    assert.doesNotMatch(text + inspect(error, { depth: 9 }), /hunter2/, "no value is ever repeated");
    return true;
  };
}

test("the config's file goes before the environment's, and without either there are no values", async () => {
  const ours = await write("ours", "AZURE_TENANT_ID=ours");
  const theirs = await write("theirs", "AZURE_TENANT_ID=theirs");
  const tenant = async (
    credentialsFile: string | undefined,
    env: Record<string, string>,
  ): Promise<string | undefined> => loadCredentials({ credentialsFile }, env).get("AZURE_TENANT_ID");
  assert.equal(await tenant(ours, { AZURE_CREDENTIALS_FILE: theirs }), "ours");
  assert.equal(await tenant(undefined, { AZURE_CREDENTIALS_FILE: theirs }), "theirs");
  assert.equal(await tenant(undefined, { AZURE_TENANT_ID: "environment" }), undefined);
  assert.deepEqual(loadCredentials({ credentialsFile: undefined }, { AZURE_CREDENTIALS_FILE: "" }).names, []);
});

test("values are secrets, names are not, and an empty value counts as absent", () => {
  const values = parseCredentials(
    "/f",
    Buffer.from("AZURE_STORAGE_KEY=hunter2\nEMPTY=\nüber=ä\n__proto__=x"),
  );
  assert.equal(values.secret("AZURE_STORAGE_KEY")?.reveal(), "hunter2");
  assert.equal(values.secret("EMPTY"), undefined);
  assert.equal(values.secret("ABSENT"), undefined);
  assert.equal(values.secret("constructor"), undefined);
  assert.equal(values.secret("über")?.reveal(), "ä");
  assert.deepEqual(values.names, ["AZURE_STORAGE_KEY", "EMPTY", "über", "__proto__"]);
  const shown = inspect(values, { depth: 9, showHidden: true }) + JSON.stringify(values);
  assert.doesNotMatch(shown, /hunter2/);
});

test("a value that is not UTF-8 is an error only when it is asked for", () => {
  const values = parseCredentials("/f", Buffer.from("A=hunter2\xff\n# caf\xe9\nAZURE_TENANT_ID=t", "latin1"));
  assert.equal(values.get("AZURE_TENANT_ID"), "t");
  assert.throws(() => values.secret("A"), failsWith("InvalidArgument", '"A"', '"/f"', "UTF-8"));
});

const malformed: readonly [string, string | Uint8Array, string][] = [
  ["a line without a separator", "A=1\n\nhunter2\n", "line 3"],
  ["a value over several lines", 'A="-----BEGIN KEY-----\nhunter2\n"', "line 2"],
  ["a line beyond 64 KiB", `A=1\nB=hunter2${"x".repeat(70_000)}`, "line 2"],
  ["values that double", "A=hunter2$A$A\n".repeat(40), "4 MiB"],
  ["UTF-16, little end first", Buffer.from("\ufeffA=hunter2", "utf16le"), "UTF-16"],
  ["UTF-16, big end first", Buffer.from("\ufeffA=hunter2", "utf16le").swap16(), "UTF-16"],
];
for (const [name, content, words] of malformed) {
  test(`${name} is an error that tells file and place and no value`, () => {
    assert.throws(
      () => parseCredentials("/credentials/cloud", Buffer.from(content)),
      failsWith("InvalidArgument", '"/credentials/cloud"', words),
    );
  });
}

test("a file that is missing, a folder, a device or too large is an error that names it", async () => {
  const load = async (credentialsFile: string): Promise<unknown> => loadCredentials({ credentialsFile }, {});
  const missing = join(folder, "missing");
  await assert.rejects(load(missing), failsWith("NotFound", missing, "Secret"));
  await assert.rejects(load(join(await write("file", ""), "below")), failsWith("NotFound", "below"));
  await assert.rejects(load(folder), failsWith("InvalidArgument", folder, "it is a directory"));
  await assert.rejects(load("/dev/zero"), failsWith("InvalidArgument", "not a regular file"));
  await assert.rejects(load("a\0b"), failsWith("InvalidArgument", String.raw`a\u0000b`));
  const large = await write("large", `A=hunter2\n${"#\n".repeat(524_288)}`);
  await assert.rejects(load(large), failsWith("InvalidArgument", "1 MiB"));
});

test("a file of exactly 1 MiB is read", async () => {
  const credentialsFile = await write("full", `A=1\n${"#\n".repeat(524_286)}`);
  assert.deepEqual(loadCredentials({ credentialsFile }, {}).names, ["A"]);
});

const refusals: readonly [string, string, string][] = [
  ["ENOENT", "NotFound", "no such file"],
  ["ENOTDIR", "NotFound", "no such file"],
  ["EACCES", "PermissionDenied", "readable for user"],
  ["EPERM", "PermissionDenied", "readable for user"],
  ["EIO", "InvalidArgument", "EIO"],
];
for (const [errno, code, words] of refusals) {
  test(`what the system calls ${errno} is ${code}`, () => {
    const failure = readFailure("/credentials/cloud", { code: errno, problem: `cannot be read (${errno})` });
    assert.ok(failsWith(code, "/credentials/cloud", words)(failure));
  });
}
