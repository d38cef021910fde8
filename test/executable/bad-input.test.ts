import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { ErrorCode } from "../../src/errors/error.ts";
import { HostFailure } from "../host/host-client.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { startLocation, type TestLocation } from "../location.ts";
import { hours, sasToken } from "./sas.ts";

type Config = Record<string, string>;

let location: TestLocation;
let host: PluginHost;
let plugin: HostedPlugin;

before(async () => {
  location = await startLocation();
  host = await PluginHost.start();
  plugin = await host.startPlugin({ path: executableUnderTest() });
});
after(async () => {
  await host.close();
  await location.stop();
});

/** The good config with some keys changed; undefined takes a key away. */
function changed(changes: Readonly<Record<string, string | undefined>>): Config {
  const entries = Object.entries({ ...location.config, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function credentialsFile(name: string, text: string): Promise<string> {
  const path = join(location.folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** A loopback port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return address.port;
}

interface BadInput {
  readonly config: () => Config | Promise<Config>;
  readonly code: ErrorCode;
  /** Each must be in what the user reads: what is wrong, and what to do. */
  readonly says: readonly RegExp[];
}

/** Told by Init: no request is needed to find out. */
const badConfigs: Readonly<Record<string, BadInput>> = {
  "an unknown key": {
    config: () => changed({ storageAcount: "x", colour: "blue" }),
    code: "InvalidArgument",
    says: [/invalid keys "colour", "storageAcount" \(did you mean storageAccount\?\)/, /valid keys are stor/],
  },
  "a bad boolean": {
    config: () => changed({ useAAD: "yes" }),
    code: "InvalidArgument",
    says: [/useAAD: "yes" is not a boolean/, /write "true" or "false"/],
  },
  "no storage account": {
    config: () => changed({ storageAccount: undefined }),
    code: "InvalidArgument",
    says: [/storageAccount is required/],
  },
  "several mistakes at once": {
    config: () => changed({ storageAccount: undefined, useAAD: "yes", colour: "blue" }),
    code: "InvalidArgument",
    says: [/colour/, /useAAD/, /storageAccount is required/],
  },
  "a credentials file that is missing": {
    config: () => changed({ credentialsFile: join(location.folder, "missing") }),
    code: "NotFound",
    says: [/cannot read credentials file ".*\/missing": there is no such file/, /hint: .*Secret/],
  },
  "a credentials file that is a folder": {
    config: () => changed({ credentialsFile: location.folder }),
    code: "InvalidArgument",
    says: [/cannot read credentials file ".*": it is a directory/],
  },
  "a key that the file does not have": {
    config: () => changed({ storageAccountKeyEnvVar: "OTHER_KEY" }),
    code: "InvalidArgument",
    says: [/"OTHER_KEY", which storageAccountKeyEnvVar names, is not in/, /hint: the file has LOCATION_KEY/],
  },
  "a key that is not base64": {
    config: async () =>
      changed({ credentialsFile: await credentialsFile("letters", "LOCATION_KEY=not*base64*at*all\n") }),
    code: "InvalidArgument",
    says: [
      /account key of "LOCATION_KEY" in credentials file ".*" is not base64/,
      /hint: copy the whole key/,
    ],
  },
  "a SAS token that expired": {
    config: async () => {
      const token = sasToken(location.azurite, { startsOn: hours(-2), expiresOn: hours(-1) });
      const file = await credentialsFile("expired", `SAS=${token}\n`);
      const keys = { storageAccountKeyEnvVar: undefined, storageAccountSASTokenEnvVar: "SAS" };
      return changed({ ...keys, credentialsFile: file });
    },
    code: "Unauthenticated",
    says: [/the SAS token of "SAS" in credentials file ".*" expired at 2/, /hint: make a new SAS token/],
  },
  "keys to be listed of an account whose place nothing names": {
    config: async () => {
      const lines = ["AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s"];
      const file = await credentialsFile("principal", `${lines.join("\n")}\n`);
      return changed({ storageAccountKeyEnvVar: undefined, credentialsFile: file });
    },
    code: "InvalidArgument",
    says: [/resourceGroup/, /subscriptionId/, /useAAD/],
  },
};

for (const [name, { config, code, says }] of Object.entries(badConfigs)) {
  test(`Init tells of ${name}`, async () => {
    await assertTells(plugin.init(await config()), code, says);
  });
}

/** Told by the first request. */
const badPlaces: Readonly<Record<string, BadInput>> = {
  "a wrong key": {
    config: async () => {
      const key = randomBytes(64).toString("base64");
      return changed({ credentialsFile: await credentialsFile("wrong", `LOCATION_KEY=${key}\n`) });
    },
    // Azurite answers AuthorizationFailure where Azure answers AuthenticationFailed.
    code: "PermissionDenied",
    says: [
      /cannot list container "backups" of account "testaccount"/,
      /hint: .*the account key is a current one/,
    ],
  },
  "a container that is missing": {
    config: () => changed({ bucket: "nonesuch" }),
    code: "NotFound",
    says: [
      /the container does not exist \(ContainerNotFound/,
      /hint: create container "nonesuch" in storage account/,
    ],
  },
  "an endpoint that cannot be reached": {
    config: async () => changed({ storageAccountURI: `https://127.0.0.1:${await closedPort()}/testaccount` }),
    code: "Unavailable",
    says: [/no connection to "127\.0\.0\.1.*" \(ECONNREFUSED\)/, /hint: check that the endpoint/],
  },
  "an endpoint that has no address": {
    config: () => changed({ storageAccountURI: "https://no-such-account.invalid" }),
    code: "Unavailable",
    says: [/"no-such-account\.invalid" has no address|"no-such-account\.invalid"/, /hint: check/],
  },
  "a certificate that is not trusted": {
    config: () => changed({ caCert: undefined }),
    code: "FailedPrecondition",
    says: [/the certificate of "127\.0\.0\.1" is not trusted/, /hint: .*caCert/],
  },
};

for (const [name, { config, code, says }] of Object.entries(badPlaces)) {
  test(`the first request tells of ${name}`, async () => {
    const bad = await config();
    await plugin.init(bad);
    // What Velero asks to validate a location.
    const { signal } = new AbortController();
    const store = new HostObjectStore(plugin);
    const asked = store.listCommonPrefixes(bad["bucket"] ?? "", "", "/", { signal });
    await assertTells(asked, code, says);
  });
}

test("Init tells of a credentials file that it may not read", async () => {
  // Root may read anything: then the plugin runs as Velero's user, from where that user can reach it.
  const folder = await mkdtemp(join(tmpdir(), "unreadable-"));
  try {
    await chmod(folder, 0o777);
    const unreadable = join(folder, "credentials");
    await writeFile(unreadable, "LOCATION_KEY=x\n", { mode: 0o000 });
    const path = join(folder, "bin", "velero-azure");
    await cp(dirname(executableUnderTest()), dirname(path), { recursive: true });
    const user = process.getuid?.() === 0 ? { uid: 65_532 } : {};
    const started = await host.startPlugin({ path, env: { TMPDIR: folder }, ...user });
    await assertTells(started.init(changed({ credentialsFile: unreadable })), "PermissionDenied", [
      /cannot read credentials file ".*": its permissions do not allow it/,
      /hint: make the file and its folders readable for user \d+/,
    ]);
    await started.end();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a bad blockSizeInBytes is only worth a warning, as the official plugin has it", async () => {
  await plugin.init(changed({ blockSizeInBytes: "banana" }));
  assert.match(await plugin.stderr(), /"@level":"warn".*blockSizeInBytes.*banana/);
});

async function assertTells(call: Promise<unknown>, code: ErrorCode, says: readonly RegExp[]): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof HostFailure, String(error));
    assert.equal(error.code, code, error.message);
    for (const words of says) {
      assert.match(error.message, words);
    }
    assert.ok(error.answer.stack !== undefined, "Velero logs where an error arose");
    return true;
  });
}
