import type { Environment } from "../../config/credentials-file.ts";

/** What a command gets besides its arguments. */
export interface CommandContext {
  readonly env: Environment;
  /** Fires when the user gives up (Ctrl-C). */
  readonly signal: AbortSignal;
}

/** Resolves to the exit code. Throws `WrongCall` for 2 and anything else for 1. */
export type RunCommand = (args: readonly string[], context: CommandContext) => Promise<number>;
