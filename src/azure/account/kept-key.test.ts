import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import type { IdentityProof } from "../../credentials/identity.ts";
import { silentLogger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import { keptKey, type KeptKeySettings } from "./kept-key.ts";

const key = new Secret("a2V5IG9mIHRoZSBhY2NvdW50");
const SECRET = "s3cret-as-long-as-Entra-makes-them-of-40";
const PEM = "-----BEGIN CERTIFICATE-----";
let parent: string;
let folder: string;
let now: number;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "kept-key-"));
  folder = join(parent, `velero-azure-keys-${process.getuid?.()}`);
  now = Date.now();
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

function application(secret: string, client = "client"): IdentityProof {
  const application = { tenant: "tenant", client, additionalTenants: [] };
  return { method: "client secret", ...application, secret: new Secret(secret) };
}

function certificate(pem: string, password?: string): IdentityProof {
  return {
    method: "client certificate",
    tenant: "tenant",
    client: "client",
    additionalTenants: [],
    certificate: { pem: new Secret(pem) },
    password: password === undefined ? undefined : new Secret(password),
    sendChain: false,
    key: "AZURE_CLIENT_CERTIFICATE",
  };
}

function kept(proof = application(SECRET), more: Partial<KeptKeySettings> = {}) {
  return keptKey({
    proof: () => proof,
    subject: ["AzureCloud", "acc", "s-1", "group"],
    temporaryFolder: parent,
    now: () => now,
    logger: silentLogger,
    ...more,
  });
}

function onlyFile(): string {
  const [name, ...more] = readdirSync(folder);
  assert.ok(name !== undefined && more.length === 0, `one file expected: ${name}, ${more.join()}`);
  return join(folder, name);
}

for (const [what, proof] of [
  ["client secret", application(SECRET)],
  ["certificate", certificate(PEM)],
  ["certificate with a password", certificate(PEM, "p")],
] as const) {
  test(`the next process with the same ${what} finds the key`, async () => {
    await kept(proof).write(key);
    assert.equal((await kept(proof).read())?.reveal(), key.reveal());
  });
}

test("the file is this user's alone and shows neither key nor credential", async () => {
  await kept().write(key);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(onlyFile()).mode & 0o777, 0o600);
  const content = readFileSync(onlyFile(), "latin1");
  assert.doesNotMatch(content, new RegExp(`${key.reveal()}|s3cret|tenant|acc`));
});

const strangers: ReadonlyArray<readonly [string, IdentityProof, Partial<KeptKeySettings>]> = [
  ["another secret", application(`other ${SECRET}`), {}],
  ["another client", application(SECRET, "other"), {}],
  ["a certificate", certificate(SECRET), {}],
  ["another account", application(SECRET), { subject: ["AzureCloud", "other", "s-1", "group"] }],
  ["another subscription", application(SECRET), { subject: ["AzureCloud", "acc", "s-2", "group"] }],
];

for (const [what, proof, more] of strangers) {
  test(`${what} does not get the key, not even from the same file`, async () => {
    await kept().write(key);
    const content = readFileSync(onlyFile());
    const stranger = kept(proof, more);
    assert.equal(await stranger.read(), undefined);
    await stranger.write(new Secret("b3RoZXI="));
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), content);
    assert.equal(await stranger.read(), undefined);
  });
}

test("the key is kept for five minutes", async () => {
  await kept().write(key);
  now += 299_000;
  assert.equal((await kept().read())?.reveal(), key.reveal());
  now += 2_000;
  assert.equal(await kept().read(), undefined);
});

test("a key from the future is not believed", async () => {
  await kept().write(key);
  now -= 1_000;
  assert.equal(await kept().read(), undefined);
});

test("a dropped key is gone, and dropping none is no error", async () => {
  await kept().write(key);
  await kept().drop();
  assert.deepEqual(readdirSync(folder), []);
  await kept().drop();
  assert.equal(await kept().read(), undefined);
});

test("files of credentials that are not used any more are deleted", async () => {
  await kept().write(key);
  now += 600_000;
  await kept(application(SECRET, "another")).write(key);
  onlyFile();
});

test("what is not ours in the folder stays, and hinders nobody", async () => {
  await kept().write(key);
  const stranger = join(folder, "another-file");
  writeFileSync(stranger, "");
  mkdirSync(join(folder, "0".repeat(32)));
  now += 600_000;
  await kept().write(key);
  assert.equal((await kept().read())?.reveal(), key.reveal());
  assert.ok(statSync(stranger).isFile());
});

test("of several who keep the key at once, each succeeds", async () => {
  const program = `
    import { keptKey } from ${JSON.stringify(new URL("kept-key.ts", import.meta.url).href)};
    import { Secret } from ${JSON.stringify(new URL("../../secret/secret.ts", import.meta.url).href)};
    const [temporaryFolder, secret, key] = process.argv.slice(1);
    const proof = { method: "client secret", tenant: "t", client: "c", secret: new Secret(secret) };
    const logger = { log: (_level, _message, { error }) => { throw error; } };
    const kept = keptKey({ proof: () => proof, subject: [], temporaryFolder, now: Date.now, logger });
    await kept.write(new Secret(key));
    console.log((await kept.read()).reveal());`;
  const run = async (): Promise<string> => {
    const parameters = ["--input-type=module", "--eval", program, parent, SECRET, key.reveal()];
    return (await promisify(execFile)(process.execPath, parameters)).stdout.trim();
  };
  assert.deepEqual(await Promise.all([run(), run(), run(), run()]), Array(4).fill(key.reveal()));
  onlyFile();
});

test("a writing that fails leaves nothing half written", async () => {
  await kept().write(key);
  const path = onlyFile();
  rmSync(path);
  // A folder in the file's place: the last step fails.
  mkdirSync(join(path, "full"), { recursive: true });
  await kept().write(key);
  assert.deepEqual(readdirSync(folder), [path.slice(folder.length + 1)]);
});

test("a rotated client secret does not open what the former one sealed, and replaces it", async () => {
  await kept().write(key);
  const rotated = kept(application(`new ${SECRET}`));
  assert.equal(await rotated.read(), undefined);
  await rotated.write(new Secret("b3RoZXI="));
  onlyFile();
  assert.equal(await kept().read(), undefined);
});

test("nothing is kept for a secret that can be guessed", async () => {
  await kept(application("password")).write(key);
  assert.deepEqual(readdirSync(parent), []);
});

const damages: ReadonlyArray<readonly [string, () => void]> = [
  [
    "was changed",
    () =>
      writeFileSync(
        onlyFile(),
        readFileSync(onlyFile()).map((byte) => byte ^ 1),
      ),
  ],
  ["was cut", () => writeFileSync(onlyFile(), readFileSync(onlyFile()).subarray(0, 20))],
  ["is empty", () => writeFileSync(onlyFile(), "")],
  ["is huge", () => writeFileSync(onlyFile(), Buffer.alloc(1 << 20))],
  ["others may read", () => chmodSync(onlyFile(), 0o644)],
  [
    "is a link",
    () => {
      const path = onlyFile();
      writeFileSync(join(parent, "elsewhere"), readFileSync(path), { mode: 0o600 });
      rmSync(path);
      symlinkSync(join(parent, "elsewhere"), path);
    },
  ],
  [
    "is a folder",
    () => {
      const path = onlyFile();
      rmSync(path);
      mkdirSync(path, { mode: 0o700 });
    },
  ],
  ["lies in a folder that others may enter", () => chmodSync(folder, 0o755)],
];

for (const [what, damage] of damages) {
  test(`a file that ${what} is passed over without a word`, async () => {
    await kept().write(key);
    damage();
    assert.equal(await kept().read(), undefined);
  });
}

test("nothing is written through a link that someone put in the folder's place", async () => {
  const target = join(parent, "target");
  mkdirSync(target, { mode: 0o700 });
  symlinkSync(target, folder);
  await kept().write(key);
  assert.deepEqual(readdirSync(target), []);
});

test("a folder that cannot be written is no error", async () => {
  await kept(application(SECRET), { temporaryFolder: "/proc/none" }).write(key);
  assert.equal(await kept(application(SECRET), { temporaryFolder: "/proc/none" }).read(), undefined);
});

const secretless: readonly IdentityProof[] = [
  {
    method: "workload identity",
    tenant: "tenant",
    client: "client",
    additionalTenants: [],
    tokenFile: "/t",
  },
  {
    method: "managed identity",
    client: undefined,
    endpoint: { kind: "IMDS", origin: "http://169.254.169.254" },
  },
];

for (const proof of secretless) {
  test(`nothing is kept for a ${proof.method}, which has no secret to seal with`, async () => {
    await kept(proof).write(key);
    assert.deepEqual(readdirSync(parent), []);
    assert.equal(await kept(proof).read(), undefined);
  });
}

test("a proof that cannot be had is no error", async () => {
  const proof = (): never => {
    throw new Error("gone");
  };
  assert.equal(await kept(undefined, { proof }).read(), undefined);
});
