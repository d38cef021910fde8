import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildForHost, temporaryFolder } from "./build.ts";
import { listPlugins, startPlugin } from "./plugin-process.ts";

const executable = buildForHost();

const environments: readonly Readonly<Record<string, string>>[] = [
  { NODE_OPTIONS: "--no-such-option" },
  { NODE_OPTIONS: "--require=/no/such/file.js --inspect" },
  { NODE_EXTRA_CA_CERTS: "/no/such/file.pem" },
  { NODE_USE_SYSTEM_CA: "1" },
  { NODE_PATH: "/no/such/folder" },
  { NODE_PENDING_DEPRECATION: "1" },
];

for (const environment of environments) {
  test(`the plugin starts in silence with ${JSON.stringify(environment)}`, async () => {
    const plugin = await startPlugin([executable], { env: environment });
    try {
      assert.match(await listPlugins(plugin.socket), /velero\.io\/azure/);
    } finally {
      await plugin.stop();
    }
    assert.match(plugin.handshake, /^1\|2\|unix\|\/.+\|grpc\|$/);
    assert.equal(plugin.stderr(), "");
  });
}

/** A folder full of what Node, its package managers or a shell would heed; each of it fails or speaks when it is. */
function folderOfTraps(): string {
  const folder = temporaryFolder();
  const trap = 'console.log("a file of the working directory was run"); process.exit(9);\n';
  mkdirSync(join(folder, "node_modules", "net"), { recursive: true });
  for (const name of [
    "index.js",
    "main.js",
    "velero-azure.cjs",
    "velero-azure.js",
    "node_modules/net/index.js",
  ]) {
    writeFileSync(join(folder, name), trap);
  }
  for (const name of ["package.json", "node.config.json", "snapshot.blob", "openssl.cnf", "tsconfig.json"]) {
    writeFileSync(join(folder, name), "{ not JSON");
  }
  for (const name of [".env", ".noderc", ".npmrc"])
    writeFileSync(join(folder, name), "NODE_OPTIONS=--no-such-option\n");
  return folder;
}

test("the plugin heeds no file of the directory that it starts in", async () => {
  const plugin = await startPlugin([executable], { cwd: folderOfTraps() });
  try {
    assert.match(await listPlugins(plugin.socket), /velero\.io\/azure/);
  } finally {
    await plugin.stop();
  }
  assert.equal(plugin.stderr(), "");
});

test("the CLI heeds neither NODE_OPTIONS nor a file of the directory that it starts in", () => {
  const { status, stdout, stderr } = spawnSync(executable, ["--version"], {
    cwd: folderOfTraps(),
    env: { NODE_OPTIONS: "--no-such-option" },
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^velero-azure \d/);
});

test("the arguments of Node itself are the executable's own", () => {
  const { stdout } = spawnSync(executable, ["--eval", "console.log('evaluated')"], {
    env: {},
    encoding: "utf8",
  });
  assert.doesNotMatch(stdout, /evaluated/);
});

test("a signal opens no debugger", async () => {
  const plugin = await startPlugin([executable]);
  try {
    plugin.process.kill("SIGUSR1");
    await listPlugins(plugin.socket).catch(() => "ended by the signal");
  } finally {
    await plugin.stop();
  }
  assert.doesNotMatch(plugin.stderr(), /[Dd]ebugger/);
});
