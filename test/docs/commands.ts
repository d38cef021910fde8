import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { CliAnswer } from "./azure-cli.ts";

const TOOLS = ["az", "kubectl", "velero"] as const;

/** A call of one of the tools, as a page's script made it. */
export interface ToolCall {
  readonly tool: (typeof TOOLS)[number];
  readonly args: readonly string[];
  readonly cwd: string;
  readonly input: string;
}

export type Answerer = (call: ToolCall) => Promise<CliAnswer>;

export interface Script {
  /** What stands before the page's own lines: variables of the pages before it. */
  readonly before: string;
  readonly lines: string;
  readonly folder: string;
}

export interface ScriptResult {
  readonly code: number | null;
  readonly errors: string;
  /** Shell text that sets the variables which the script had set, in capital letters. */
  readonly variables: string;
}

/** Runs pages' scripts with real bash, the tools in PATH answered by this process. */
export interface Shell extends AsyncDisposable {
  run(script: Script, answer: Answerer): Promise<ScriptResult>;
}

/** `folder` takes the tools and the socket; whoever made it removes it. */
export async function startShell(folder: string): Promise<Shell> {
  const tools = join(folder, "bin");
  const path = join(folder, "calls.sock");
  await mkdir(tools);
  const shim = fileURLToPath(new URL("shim.py", import.meta.url));
  for (const tool of TOOLS) {
    await copyFile(shim, join(tools, `${tool}.py`));
    const start = `#!/bin/sh\nexec python3 -I -S -B '${join(tools, tool)}.py' "$@"\n`;
    await writeFile(join(tools, tool), start);
    await chmod(join(tools, tool), 0o755);
  }
  let current: Answerer = () => Promise.reject(new Error("no script is running"));
  const server = createServer((socket) => void serve(socket, (call) => current(call)));
  server.listen(path);
  await once(server, "listening");
  return {
    run: async ({ before, lines, folder: cwd }, answer) => {
      current = answer;
      const variables = join(cwd, ".variables");
      const tail = `declare -p | grep -E '^declare -- [A-Z_]+=' > '${variables}'`;
      const child = spawn(
        "bash",
        ["-euo", "pipefail", "-c", `${before}\nset -x\n${lines}\nset +x\n${tail}`],
        {
          cwd,
          env: {
            PATH: `${tools}:${process.env["PATH"] ?? ""}`,
            HOME: cwd,
            PAGE_COMMANDS: path,
            LC_ALL: "C.UTF-8",
          },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const [errors, , [code]] = await Promise.all([
        text(child.stderr),
        text(child.stdout),
        once(child, "close") as Promise<[number | null]>,
      ]);
      const set = code === 0 ? await readFile(variables, "utf8") : "";
      return { code, errors, variables: set };
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(socket: Socket, answer: Answerer): Promise<void> {
  socket.on("error", () => {});
  for await (const line of createInterface({ input: socket })) {
    let reply: CliAnswer;
    try {
      reply = await answer(JSON.parse(line) as ToolCall);
    } catch (error) {
      reply = { code: 99, output: "", errors: `${error instanceof Error ? error.message : String(error)}\n` };
    }
    socket.end(`${JSON.stringify(reply)}\n`);
  }
}
