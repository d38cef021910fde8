import { createInterface } from "node:readline/promises";

/** Whether somebody is there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks on stderr, so that stdout stays what the command was made for. An end of input is an empty answer. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => {
    terminal.once("close", () => resolve(""));
  });
  try {
    return (await Promise.race([terminal.question(question, { signal }), ended])).trim();
  } finally {
    terminal.close();
  }
}
