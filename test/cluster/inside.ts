/**
 * The first process of a cluster's namespace (see namespace.ts), started as `node inside.ts STATE_FOLDER`.
 *
 * It brings loopback up, relays connections from the test process into the namespace's network, and ends with its
 * stdin. The kernel kills every process of a pid namespace with its first one, and a pipe is closed by the kernel
 * whatever way its writer died: so nothing outlives the test, not even one that was killed with SIGKILL.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

const stateFolder = process.argv[2];
if (stateFolder === undefined) throw new Error("usage: node inside.ts STATE_FOLDER");

execFileSync("ip", ["link", "set", "lo", "up"]);
createServer(relay).listen(join(stateFolder, "inside.sock"), () => process.stdout.write("ready\n"));

let lastWords = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => (lastWords += text));
process.stdin.on("close", () => {
  end(stateFolder, lastWords.includes("keep logs"));
});

/** A connection's first line is the port it wants; what follows belongs to the server there. */
function relay(outside: Socket): void {
  outside.on("error", () => outside.destroy());
  outside.once("readable", () => {
    const first: unknown = outside.read();
    if (!Buffer.isBuffer(first)) return;
    const lineEnd = first.indexOf("\n");
    const inside = connect(Number(first.subarray(0, lineEnd).toString()), "127.0.0.1");
    inside.on("error", () => outside.destroy());
    outside.on("close", () => inside.destroy());
    inside.write(first.subarray(lineEnd + 1));
    outside.pipe(inside).pipe(outside);
  });
}

function end(folder: string, keepLogs: boolean): void {
  try {
    // In a pid namespace -1 is everyone else in it: they must not write while their files are being removed.
    process.kill(-1, "SIGKILL");
  } catch {
    // Nobody else was left.
  }
  for (const entry of readdirSync(folder)) {
    if (!(keepLogs && entry === "logs")) rmSync(join(folder, entry), { recursive: true, force: true });
  }
  if (!keepLogs) rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
