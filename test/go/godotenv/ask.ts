import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the Go program next to this file answers to one text. */
export interface GoAnswer {
  readonly error?: string;
  /** Keys and values in base64. */
  readonly pairs?: Readonly<Record<string, string>>;
  readonly value?: string;
}

export type GoQuestion = "dotenv" | "bool" | "int" | "duration";

export interface GoProgram extends AsyncDisposable {
  ask(question: GoQuestion, texts: readonly string[]): Promise<GoAnswer[]>;
}

/** Builds the program (from Go's cache after the first time) into a folder that goes away with it. */
export async function buildGoProgram(): Promise<GoProgram> {
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-godotenv-"));
  const program = join(folder, "godotenv");
  await run("go", ["build", "-o", program, "."], import.meta.dirname, "");
  return {
    ask: async (question, texts) => {
      const input = texts.map((text) => JSON.stringify(text)).join("\n");
      const output = await run(program, [question], folder, input);
      const answers = output.split("\n").slice(0, -1).map(readAnswer);
      if (answers.length !== texts.length) {
        throw new Error(`${texts.length} questions brought ${answers.length} answers`);
      }
      return answers;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function readAnswer(line: string): GoAnswer {
  const answer: unknown = JSON.parse(line);
  if (!isAnswer(answer)) {
    throw new Error(`not an answer: ${line}`);
  }
  return answer;
}

/** The shape is the one that main.go writes, in the same folder. */
function isAnswer(answer: unknown): answer is GoAnswer {
  return typeof answer === "object" && answer !== null;
}

async function run(command: string, args: readonly string[], folder: string, input: string): Promise<string> {
  const child = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (texts[name] += text));
  }
  child.stdin.on("error", () => {}).end(input);
  const code = await new Promise((resolve, reject) => {
    child.on("close", resolve).on("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT" ? new Error(`the tool "${command}" is missing`) : error;
      reject(missing);
    });
  });
  if (code !== 0) {
    throw new Error(`"${command} ${args.join(" ")}" ended with ${String(code)}: ${texts.stderr}`);
  }
  return texts.stdout;
}
