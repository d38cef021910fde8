import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

/** Far above what the story takes: a story that hangs must not hang the tests. */
const LONGEST_MILLISECONDS = 120_000;

interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo with a folder of its own for temporary files, and asserts that nothing is left in it. */
async function tell(
  args: readonly string[],
  watch?: (child: ChildProcess, soFar: string) => void,
): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), "demo-test-"));
  try {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: folder },
      timeout: LONGEST_MILLISECONDS,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      watch?.(child, stdout);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = await once(child, "close");
    assert.deepEqual(await readdir(folder), [], `something was left behind after:\n${stdout}${stderr}`);
    return { code, stdout, stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("the demo tells the whole story, ends well and leaves nothing behind", async () => {
  const { code, stdout, stderr } = await tell([]);
  assert.equal(code, 0, stdout + stderr);
  for (const line of [
    "The executable is built for this machine, with Node alone",
    "ListPlugins after",
    "ObjectStore velero.io/azure",
    "A location is validated",
    "A backup is stored: 12 files",
    "12 files in it, the same names",
    "the same SHA-256",
    "GET: 200",
    "GET without the signature: 409",
    "nothing is left in the container",
    "the process is gone and so is its socket",
    'Velero shows: cannot list container "velero" of account "demoaccount"',
    "adatum: account adatumbackups; requests until it was stored: one token, one Put Blob",
    "adatum: Velero shows:",
    "AADSTS",
    "fabrikam: Available",
    "no key and no token is in them",
    "Everything went as told",
  ]) {
    assert.ok(stdout.includes(line), `the story does not say "${line}":\n${stdout}`);
  }
  assert.ok(!stdout.includes("\u001B"), "colours where no terminal is");
});

test("an interrupt ends the story with the shell's code for it, and leaves nothing behind", async () => {
  const moments = ["The executable is built", "A local Azure starts", "A backup is stored"];
  for (const moment of moments) {
    let interrupted = false;
    const { code, stdout, stderr } = await tell([], (child, soFar) => {
      if (interrupted || !soFar.includes(moment)) return;
      interrupted = true;
      child.kill("SIGINT");
    });
    assert.equal(code, 130, `interrupted at "${moment}":\n${stdout}${stderr}`);
    assert.match(stdout, /Interrupted/);
  }
});

test("help is told on stdout, and a call that is wrong on stderr with code 2", async () => {
  const help = await tell(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /npm run demo .*--velero/);
  const wrong = await tell(["--real"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--real/);
  assert.equal(wrong.stdout, "");
});
