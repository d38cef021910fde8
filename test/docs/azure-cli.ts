import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { preparePython } from "../sdk/python.ts";

export interface CliCommand {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly input: string;
  /** The command is parsed and checked alone, and this is what it prints by its `--query` and `-o`. */
  readonly result?: unknown;
}

export interface CliAnswer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** The Azure CLI itself, its modules loaded once for all commands: test/python/cli. */
export interface AzureCli extends AsyncDisposable {
  run(command: CliCommand): Promise<CliAnswer>;
}

/** Starts it; `folder` takes its settings and its socket, and goes away with whoever made it. */
export async function startAzureCli(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<AzureCli> {
  const { command, packages } = await preparePython({ requirements: "azure-cli.txt" });
  const script = fileURLToPath(new URL("../python/cli", import.meta.url));
  const [interpreter = "", ...options] = command;
  const socket = join(folder, "az.sock");
  const child = spawn(interpreter, [...options, script, socket], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      PYTHONPATH: packages,
      AZURE_CONFIG_DIR: join(folder, "azure"),
      AZURE_CORE_COLLECT_TELEMETRY: "no",
      AZURE_CORE_NO_COLOR: "yes",
      // Its own messages alone: what people run against Azure may ask for more.
      AZURE_CORE_ONLY_SHOW_ERRORS: "yes",
      ...environment,
    },
  });
  const abandon = (): boolean => child.kill("SIGKILL");
  process.once("exit", abandon);
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => (complaints += more));
  const closed = once(child, "close").finally(() => process.off("exit", abandon));
  await Promise.race([once(child.stdout, "data"), closed]);
  assert.equal(child.exitCode, null, `the Azure CLI does not start: ${complaints}`);
  return {
    run: async (order) => {
      const connection = connect(socket);
      connection.end(`${JSON.stringify(order)}\n`);
      const answer = await text(connection);
      assert.notEqual(answer, "", `the Azure CLI gave no answer: ${complaints}`);
      return JSON.parse(answer) as CliAnswer;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
