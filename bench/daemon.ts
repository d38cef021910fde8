import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { Failure } from "../src/errors/error.ts";

/** A program that runs beside the bench until it is stopped, at the latest with the bench. */
export class Daemon {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #name: string;
  readonly #killAtExit: () => void;
  #stderr = "";

  constructor(
    name: string,
    executable: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = process.env,
  ) {
    this.#name = name;
    this.#child = spawn(executable, args, { stdio: ["pipe", "pipe", "pipe"], env: environment });
    this.pid = this.#child.pid ?? 0;
    this.#killAtExit = () => this.#child.kill("SIGKILL");
    process.on("exit", this.#killAtExit);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      // Its end is what a message about a failure needs.
      this.#stderr = (this.#stderr + text).slice(-8_000);
    });
    // Without a listener, a program that cannot be started would end the bench with a bare stack.
    this.#child.on("error", (error) => (this.#stderr += error.message));
  }

  /** The first line on stdout. Whatever follows it is dropped. */
  async firstLine(): Promise<string> {
    let text = "";
    this.#child.stdout.setEncoding("utf8");
    for await (const chunk of this.#child.stdout.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      const end = text.indexOf("\n");
      if (end >= 0) {
        this.#child.stdout.resume();
        return text.slice(0, end);
      }
    }
    throw this.failure("it ended");
  }

  /** Lets stdout run off unread. */
  discardOutput(): void {
    this.#child.stdout.resume();
  }

  get exited(): boolean {
    return this.pid === 0 || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  failure(reason: string): Failure {
    return new Failure("Unavailable", `cannot use "${this.#name}": ${reason}: ${this.#stderr.trim()}`);
  }

  async stop(): Promise<void> {
    process.off("exit", this.#killAtExit);
    if (this.exited) return;
    const over = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await over;
  }
}
