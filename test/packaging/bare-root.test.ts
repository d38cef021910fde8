import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { readLinkage } from "../../packaging/elf.ts";
import { buildForHost, temporaryFolder } from "./build.ts";
import { listPlugins, startPlugin } from "./plugin-process.ts";

/** The user of Velero's image ("nonroot" of distroless images). */
const USER = 65532;

/** Tools of util-linux and coreutils that make the root. */
const TOOLS = ["unshare", "mount", "chroot"];

/**
 * In namespaces of its own: the folder becomes a read-only root with /proc and a /tmp that may be written to. Only
 * then does the plugin take this shell's place.
 */
const ENTER = `set -e
root=$1; shift
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --bind "$root/tmp" "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot "$@"`;

/** The loader and glibc's libraries, found where this machine's loader finds them for the Node that runs this. */
function copyGlibc(executable: string, root: string): void {
  const names = readLinkage(readFileSync(executable)).needed;
  const beside = new Set(readdirSync(`${executable}.lib`));
  const mapped = new Set(readFileSync("/proc/self/maps", "utf8").match(/\/.+\.so.*$/gm));
  const folders = [...new Set([...mapped].map((path) => dirname(path)))];
  const wanted = names.filter((name) => !beside.has(name));
  const paths = wanted.map((name) =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path)),
  );
  for (const path of [...paths, loaderOf(executable)]) {
    assert.ok(path !== undefined, `cannot find all of ${wanted.join(", ")}`);
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(realpathSync(path), join(root, path));
  }
}

function loaderOf(executable: string): string {
  const [path] =
    readFileSync(executable)
      .subarray(0, 4096)
      .toString("latin1")
      .match(/\/lib[^\0]*\/ld-linux[^\0]*/) ?? [];
  assert.ok(path !== undefined, "the executable names no loader");
  return path;
}

/** As root the user is changed to; else a user namespace calls the one who runs this by that number. */
function enter(root: string, command: readonly string[]): string[] {
  const asRoot = process.getuid?.() === 0;
  const namespaces = asRoot
    ? ["--mount"]
    : ["--mount", "--user", `--map-user=${USER}`, `--map-group=${USER}`, "--keep-caps"];
  const user = asRoot ? [`--userspec=${USER}:${USER}`, "--groups="] : [];
  return ["unshare", ...namespaces, "sh", "-c", ENTER, "sh", root, ...user, root, ...command];
}

test("the plugin serves user 65532 in a read-only root that holds only glibc's files, /proc and /tmp", async () => {
  for (const tool of TOOLS) {
    const { error } = spawnSync(tool, ["--version"]);
    assert.equal(error, undefined, `needs ${tool}, of util-linux or coreutils`);
  }
  const executable = buildForHost();
  const root = temporaryFolder();
  for (const folder of ["plugins", "proc", "tmp"]) mkdirSync(join(root, folder));
  spawnSync("chmod", ["1777", join(root, "tmp")]);
  spawnSync("chmod", ["755", root]);
  cpSync(dirname(executable), join(root, "plugins"), { recursive: true });
  copyGlibc(executable, root);

  const [tool, ...args] = enter(root, [join("/plugins", basename(executable)), "--log-level", "debug"]);
  assert.ok(tool !== undefined);
  const plugin = await startPlugin([tool, ...args], {
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/usr/sbin:/bin:/sbin" },
  });
  try {
    const status = readFileSync(`/proc/${plugin.process.pid}/status`, "utf8");
    assert.match(status, asUser());
    assert.match(await listPlugins(join(root, plugin.socket)), /velero\.io\/azure/);
    assert.match(await listPlugins(join(root, plugin.socket)), /\/plugins\/velero-azure/);
  } finally {
    await plugin.stop();
  }
  assert.deepEqual(readdirSync(join(root, "tmp")), [], "the socket is gone");
});

/** Outside of its user namespace, an unprivileged run still has its own number. */
function asUser(): RegExp {
  const seen = process.getuid?.() === 0 ? USER : process.getuid?.();
  return new RegExp(`^Uid:\\t${seen}\\t`, "m");
}
