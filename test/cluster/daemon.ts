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
    const pid = childOf(this.#entered);
    if (pid !== undefined) return pid;
    throw new Failure("FailedPrecondition", `cannot tell the pid of "${this.name}": it is not running`);
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
    signalEntered(this.#entered, "SIGTERM");
    const abort = new AbortController();
    const killed = delay(graceMs, undefined, { signal: abort.signal }).then(
      () => signalEntered(this.#entered, "SIGKILL"),
      () => undefined,
    );
    await this.#ended;
    abort.abort();
    await killed;
  }
}

/**
 * The pid of the one child of a process; undefined before it has one. unshare and nsenter with a pid namespace fork and
 * wait: a signal sent to them would end them and leave the process that matters.
 */
export function childOf(parent: ChildProcess): number | undefined {
  const { pid } = parent;
  if (pid === undefined) return undefined;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children === "" ? undefined : Number(children.split(" ")[0]);
  } catch {
    // The parent has ended.
    return undefined;
  }
}

/** Signals the process that nsenter waits for, or nsenter itself while it has not started it. */
export function signalEntered(entered: ChildProcess, signal: NodeJS.Signals): void {
  const child = childOf(entered);
  try {
    if (child === undefined) entered.kill(signal);
    else process.kill(child, signal);
  } catch {
    // It ended in between.
  }
}
