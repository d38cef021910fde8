import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../../src/errors/error.ts";

/** Longest time that a process gets between SIGTERM and SIGKILL. */
const graceMs = 10_000;
const logTailLines = 12;

/** A process that runs in a namespace until it is stopped. */
export class Daemon {
  readonly name: string;
  readonly logFile: string;
  readonly #entered: ChildProcess;
  readonly #ended: Promise<void>;

  /** @param entered nsenter, whose only child is the process itself. */
  constructor(name: string, logFile: string, entered: ChildProcess) {
    this.name = name;
    this.logFile = logFile;
    this.#entered = entered;
    this.#ended = new Promise((resolve) => entered.once("close", () => resolve()));
  }

  /** The pid outside the namespace. */
  get pid(): number {
    return childOf(this.#entered);
  }

  /** Why waiting for this process is hopeless, with the end of its log; undefined while it runs. */
  readonly hopeless = (): string | undefined => {
    const { exitCode, signalCode } = this.#entered;
    if (exitCode === null && signalCode === null) return undefined;
    const tail = readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-logTailLines).join("\n");
    return `${this.name} ended (${signalCode ?? `exit code ${exitCode}`}), its log ends with:\n${tail}\n`;
  };

  /** SIGTERM, then SIGKILL for one that does not heed it. */
  async stop(): Promise<void> {
    if (this.hopeless() !== undefined) return;
    process.kill(this.pid, "SIGTERM");
    const abort = new AbortController();
    const killed = delay(graceMs, undefined, { signal: abort.signal }).then(
      () => process.kill(this.pid, "SIGKILL"),
      () => undefined,
    );
    await this.#ended;
    abort.abort();
    await killed;
  }
}

/**
 * The pid of the one child of a process. unshare and nsenter with a pid namespace fork and wait: signals sent to them
 * would end them and leave the process that matters.
 */
export function childOf(parent: ChildProcess): number {
  const { pid } = parent;
  const children = pid === undefined ? "" : readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  const child = Number(children.trim().split(" ")[0]);
  if (child > 0) return child;
  throw new Failure(
    "Internal",
    `cannot find the process that "${parent.spawnfile}" started: it has no child`,
  );
}
