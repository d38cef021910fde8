import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Pending, waitFor } from "./bounded-wait.ts";
import { requestInside } from "./inside-request.ts";
import { Namespace } from "./namespace.ts";

async function namespaceFor(context: TestContext): Promise<Namespace> {
  const namespace = await Namespace.create();
  context.after(() => namespace.stop({ keepLogs: false }));
  return namespace;
}

/** A server on port 8080 of all addresses, as Velero insists on. */
const server = `require("node:http").createServer((_, answer) => answer.end("inside")).listen(8080)`;

test("a port of the namespace is reached from outside, while the machine's own port of that number is another", async (context) => {
  const namespace = await namespaceFor(context);
  namespace.spawn("server", [process.execPath, "--eval", server]);
  const answer = await waitFor(
    "an answer",
    () => requestInside({ namespace, port: 8080 }, { method: "GET", path: "/" }),
    { logs: namespace.logs },
  );
  assert.deepEqual(answer, { status: 200, body: "inside" });

  const outside = createServer((_, response) => response.end("outside"));
  context.after(() => outside.close());
  outside.listen(0, "127.0.0.1");
  await once(outside, "listening");
  const address = outside.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port } = address;
  await assert.rejects(requestInside({ namespace, port }, { method: "GET", path: "/" }));
});

test("a command's failure carries its exit code and what it wrote to stderr", async (context) => {
  const namespace = await namespaceFor(context);
  const run = namespace.run(["sh", "-c", "cat >&2; exit 3"], { input: "no such thing" });
  await assert.rejects(run, { code: "Unknown", message: /exit code 3: no such thing/ });
});

test("a command that does not end is killed, and so is what it started", async (context) => {
  const namespace = await namespaceFor(context);
  const run = namespace.run(["sleep", "1000"], { seconds: 0.2 });
  await assert.rejects(run, { code: "DeadlineExceeded" });
});

test("a process sees nothing of the test's own environment", async (context) => {
  const namespace = await namespaceFor(context);
  const { stdout } = await namespace.run(["env"], { environment: { GIVEN: "yes" } });
  const names = stdout.split("\n").map((line) => line.split("=")[0]);
  const given = new Set(["GIVEN", "HOME", "PATH", "PWD", "SHLVL", "_", ""]);
  assert.deepEqual(
    names.filter((name) => !given.has(name ?? "")),
    [],
  );
});

test("a stopped process is told by SIGTERM first, and its log can be kept", async () => {
  const namespace = await Namespace.create();
  const daemon = namespace.spawn("polite", [
    "sh",
    "-c",
    "trap 'echo goodbye; exit' TERM; echo hello; while :; do sleep 0.1; done",
  ]);
  await waitFor(
    "hello",
    () => (readFileSync(daemon.logFile, "utf8") === "hello\n" ? true : new Pending("no word")),
    {
      logs: daemon.logFile,
    },
  );
  await daemon.stop();
  assert.match(daemon.hopeless() ?? "", /polite ended \(exit code 0\)/);
  await namespace.stop({ keepLogs: true });
  const log = readFileSync(daemon.logFile, "utf8");
  rmSync(namespace.folder, { recursive: true });
  assert.equal(log, "hello\ngoodbye\n");
});

test("everything in the namespace ends, and its folder is removed, when the test process is killed", async () => {
  const namespaceModule = new URL("namespace.ts", import.meta.url).href;
  const owner = spawn(process.execPath, [
    "--input-type=module",
    "--eval",
    `const { Namespace } = await import(${JSON.stringify(namespaceModule)});
     const namespace = await Namespace.create();
     const daemon = namespace.spawn("sleeper", ["sleep", "1000"]);
     const report = () => {
       try {
         console.log(JSON.stringify({ folder: namespace.folder, pid: daemon.pid }));
       } catch {
         setTimeout(report, 20);
       }
     };
     report();`,
  ]);
  const [chunk]: unknown[] = await once(owner.stdout, "data");
  const said: { readonly folder: string; readonly pid: number } = JSON.parse(String(chunk));
  assert.ok(existsSync(join("/proc", String(said.pid))));
  owner.kill("SIGKILL");
  await waitFor(
    "the end of the namespace",
    () =>
      existsSync(said.folder) || existsSync(join("/proc", String(said.pid)))
        ? new Pending("still there")
        : true,
    { logs: said.folder },
  );
});
