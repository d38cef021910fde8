import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a start may take on a machine that does much else. */
const PATIENCE_MILLISECONDS = 20_000;

export interface StartedPlugin {
  readonly process: ChildProcess;
  /** The handshake line without its newline. */
  readonly handshake: string;
  /** The socket's path as the plugin sees it. */
  readonly socket: string;
  /** Everything on stderr so far. */
  stderr(): string;
  /** Ends the plugin as Velero's host does at the latest. */
  stop(): Promise<void>;
}

/** Starts a command with Velero's cookie and reads its handshake. */
export async function startPlugin(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<StartedPlugin> {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("cannot start a plugin: no command");
  const child = spawn(file, args, { ...options, env: { VELERO_PLUGIN: "hello", ...options.env } });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = once(child, "close");
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  while (!output.stdout.includes("\n") && child.exitCode === null && Date.now() < deadline) await sleep(5);
  const handshake = output.stdout.split("\n")[0] ?? "";
  const socket = handshake.split("|")[3];
  if (socket === undefined) {
    child.kill("SIGKILL");
    throw new Error(`no handshake but "${output.stdout}" and on stderr "${output.stderr}"`);
  }
  return {
    process: child,
    handshake,
    socket,
    stderr: () => output.stderr,
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MILLISECONDS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Asks a plugin for its list over its socket; the raw answer, in which the names can be read. */
export async function listPlugins(socket: string): Promise<string> {
  const session = connect("http://plugin", { createConnection: () => createConnection(socket) });
  try {
    const request = session.request({
      ":method": "POST",
      ":path": "/generated.PluginLister/ListPlugins",
      "content-type": "application/grpc",
      te: "trailers",
    });
    // gRPC's frame of an empty message: not compressed, no bytes.
    request.end(Buffer.alloc(5));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString("latin1");
  } finally {
    session.destroy();
  }
}
