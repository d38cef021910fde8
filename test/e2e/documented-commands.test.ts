/** The commands of docs/sign-in that go to a cluster, put before the kubectl and the velero that the tests build. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ClusterBinaries, clusterBinaries } from "../cluster/binaries.ts";
import type { CliAnswer } from "../docs/azure-cli.ts";
import { type Shell, startShell, type ToolCall } from "../docs/commands.ts";
import { blocks, PAGES, pathOf, readPage } from "../docs/page.ts";

/** A cluster that is not there, for Velero, which wants one even to print. */
const NOWHERE = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  users: [],
  contexts: [{ name: "none", context: { cluster: "none" } }],
  "current-context": "none",
});

let binaries: ClusterBinaries;
let folder: string;
let shell: Shell;

before(async () => {
  binaries = await clusterBinaries((line) => process.stderr.write(`cluster: ${line}\n`));
  folder = await mkdtemp(join(tmpdir(), "velero-azure-commands-"));
  await writeFile(join(folder, "kubeconfig"), NOWHERE);
  shell = await startShell(folder);
});
after(async () => {
  await shell?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Without a cluster: what makes an object prints it, of everything else subcommand and options are looked at. */
function withoutCluster({ tool, args }: ToolCall): readonly string[] {
  if (tool === "velero" && args[0] === "install") return [...args, "--dry-run", "--output", "yaml"];
  if (tool === "kubectl" && args.includes("create")) {
    return args.includes("--dry-run=client") ? args : [...args, "--dry-run=client", "--output", "yaml"];
  }
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.toSpliced(end, 0, "--help");
}

async function runTool(call: ToolCall): Promise<CliAnswer> {
  // What a page asks Azure for is some word here; test/docs runs those commands.
  if (call.tool === "az") return { code: 0, output: "word\n", errors: "" };
  const program = call.tool === "velero" ? binaries.velero : binaries.kubectl;
  const env = {
    PATH: "",
    HOME: folder,
    KUBECONFIG: join(folder, call.tool === "velero" ? "kubeconfig" : "none"),
  };
  const { promise, resolve } = Promise.withResolvers<CliAnswer>();
  execFile(
    program,
    withoutCluster(call),
    { cwd: call.cwd, env, maxBuffer: 1 << 26, timeout: 30_000 },
    (error, output, errors) =>
      resolve({
        code: error === null ? 0 : 1,
        output: call.args.includes("logs") ? "signing in\n" : output,
        errors,
      }),
  );
  return promise;
}

for (const name of PAGES) {
  test(`kubectl and velero take every command of the page ${name}`, async () => {
    const page = await readPage(name);
    const cwd = join(folder, name);
    await mkdir(cwd);
    for (const { mark, text } of page.blocks) {
      if (mark.includes(".")) await writeFile(join(cwd, mark), text);
    }
    await writeFile(join(cwd, "authority.pem"), "");
    const variables = [...page.text.matchAll(/\$([A-Z_]+)/g)].map(([, variable = ""]) => `${variable}=word`);
    const lines = blocks(page, "sh").map(({ text }) => text);
    const calls: string[] = [];
    const script = { before: variables.join("\n"), lines: lines.join("\n"), folder: cwd };
    const { code, errors } = await shell.run(script, async (call) => {
      const answer = await runTool(call);
      calls.push(call.tool);
      return answer;
    });
    assert.equal(code, 0, `${pathOf(name)}: ${errors}`);
    assert.ok(calls.includes("kubectl"));
  });
}
