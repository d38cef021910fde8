import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/errors/error.ts";
import { Daemon, childOf, signalEntered } from "./daemon.ts";
import { requireTools } from "./required-tools.ts";

const tools = new Map([
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
  ["ip", "iproute2"],
]);

/** What a command that ended wrote. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The whole environment of the process: nothing of the test's own reaches it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to the command's stdin. */
  readonly input?: string;
  /** Seconds after which the command is killed: default 180. */
  readonly seconds?: number;
}

/**
 * A network, mount and pid namespace of its own, with nothing but a loopback interface.
 *
 * WHY: Velero listens on port 8080 of every address and has no flag against it, so two of them, or one and anything
 * else on 8080, need separate networks. In here all ports are free, and nothing can reach the outside by mistake.
 */
export class Namespace {
  /** The folder of everything the namespace's processes write; removed by `stop`. */
  readonly folder: string;
  readonly logs: string;
  readonly #outer: ChildProcess;
  readonly #init: number;

  private constructor(folder: string, logs: string, outer: ChildProcess, init: number) {
    this.folder = folder;
    this.logs = logs;
    this.#outer = outer;
    this.#init = init;
  }

  static async create(): Promise<Namespace> {
    requireTools("start a cluster", tools);
    const folder = mkdtempSync(join(shortTemporaryFolder(), "va-"));
    const logs = join(folder, "logs");
    mkdirSync(logs);
    const outer = spawn("unshare", [...unshareFlags(), process.execPath, inside, folder], {
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C in a terminal goes to a whole process group: these must end in order instead, by `stop`.
      detached: true,
      env: { PATH: process.env["PATH"] ?? "" },
    });
    return new Namespace(folder, logs, outer, await ready(outer));
  }

  /** Starts a process that goes on running; its output goes to `logs/NAME.log`. */
  spawn(
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Daemon {
    const logFile = join(this.logs, `${name}.log`);
    const log = openSync(logFile, "a");
    try {
      return new Daemon(name, logFile, this.#launch(command, environment, ["ignore", log, log]));
    } finally {
      closeSync(log);
    }
  }

  /** Runs a command to its end. Fails with its stderr when its exit code is not 0. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const child = this.#launch(command, options.environment ?? {}, ["pipe", "pipe", "pipe"]);
    const seconds = options.seconds ?? 180;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      signalEntered(child, "SIGKILL");
    }, seconds * 1000);
    // A command may end without reading its stdin.
    child.stdin?.on("error", () => undefined).end(options.input ?? "");
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    await once(child, "close");
    clearTimeout(timer);
    if (child.exitCode === 0 && !timedOut) return { stdout, stderr };
    const shown = command
      .map((word, index) => (index === 0 ? (word.split("/").at(-1) ?? word) : word))
      .join(" ");
    const reason = timedOut ? `killed after ${seconds} s` : `exit code ${child.exitCode}`;
    throw new Failure(
      timedOut ? "DeadlineExceeded" : "Unknown",
      `cannot run "${shown}": ${reason}: ${stderr || stdout}`,
    );
  }

  /** A connection to a port of the namespace's loopback, from outside of it. */
  connect(port: number): Socket {
    const socket = connect(join(this.folder, "inside.sock"));
    socket.write(`${port}\n`);
    return socket;
  }

  /** The words that run a command in here, for a person's shell. */
  enterCommand(): readonly string[] {
    const user = isRoot() ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", `--target=${this.#init}`, ...user, "--net", "--mount", "--pid"];
  }

  /** Ends every process in the namespace and removes the folder; with `keepLogs`, all of it but the logs. */
  async stop(options: { readonly keepLogs: boolean }): Promise<void> {
    if (this.#outer.exitCode !== null || this.#outer.signalCode !== null) return;
    const closed = once(this.#outer, "close");
    this.#outer.stdin?.end(options.keepLogs ? "keep logs\n" : "");
    await closed;
  }

  #launch(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    stdio: ("ignore" | "pipe" | number)[],
  ): ChildProcess {
    const [program = "", ...words] = [...this.enterCommand(), "--", ...command];
    const child = spawn(program, words, {
      cwd: this.folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.folder, ...environment },
      stdio,
      detached: true,
    });
    child.on("error", () => undefined);
    return child;
  }
}

const inside = fileURLToPath(new URL("inside.ts", import.meta.url));

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** A user who is not root gets a user namespace around the others: many systems allow that, some do not. */
function unshareFlags(): readonly string[] {
  const user = isRoot() ? [] : ["--user", "--map-root-user"];
  return [...user, "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"];
}

/** A Unix socket's path has at most 107 bytes, and the plugin's lies a few folders deeper than this one. */
function shortTemporaryFolder(): string {
  return Buffer.byteLength(tmpdir()) <= 32 ? tmpdir() : "/tmp";
}

/** The pid of the namespace's first process, once it listens. */
async function ready(outer: ChildProcess): Promise<number> {
  let said = "";
  outer.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const outcome = await Promise.race([
    once(outer.stdout ?? outer, "data").then(() => "ready"),
    once(outer, "error").then(([error]) => String(error)),
    once(outer, "close").then(() => said.trim()),
  ]);
  const init = childOf(outer);
  if (outcome === "ready" && init !== undefined) return init;
  throw new Failure(
    "PermissionDenied",
    `cannot make a network, mount and pid namespace for the cluster: ${outcome}`,
    {
      hint: "run as root (in a container: with the SYS_ADMIN and NET_ADMIN capabilities), or where users may make user namespaces",
    },
  );
}
