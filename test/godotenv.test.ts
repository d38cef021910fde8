import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseDotenv } from "../src/config/dotenv.ts";
import { buildGoProgram, type GoAnswer, type GoProgram } from "./go/godotenv/ask.ts";
import { corpus } from "./go/godotenv/corpus.ts";

let go: GoProgram;

before(async () => {
  go = await buildGoProgram();
});

after(async () => {
  await go[Symbol.asyncDispose]();
});

test("credentials files read as the Go module godotenv v1.4 reads them", async () => {
  const files = corpus();
  assert.ok(files.length >= 500, `${files.length} files`);
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-corpus-"));
  try {
    const paths = files.map((_, index) => join(folder, String(index)));
    for (const [index, file] of files.entries()) {
      await writeFile(paths[index] ?? "", file.content);
    }
    const answers = await go.ask("dotenv", paths);
    const differences = files.flatMap(({ name, content }, index) => {
      const theirs = outcome(answers[index] ?? {});
      const ours = ourOutcome(content);
      return ours === theirs ? [] : [`${name}: ${show(content)}\n  Go:   ${theirs}\n  ours: ${ours}`];
    });
    const outcomes = answers.map(outcome);
    assert.ok(outcomes.includes("error") && new Set(outcomes).size > 500, "the corpus tells nothing apart");
    assert.equal(
      differences.length,
      0,
      `${differences.length} differ:\n${differences.slice(0, 5).join("\n")}`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** One text that is equal if and only if the maps are, byte for byte, or both are errors. */
function outcome(answer: GoAnswer): string {
  return answer.error === undefined ? show(sorted(Object.entries(answer.pairs ?? {}))) : "error";
}

function ourOutcome(content: Buffer): string {
  const entries = parseDotenv(content);
  return "line" in entries
    ? "error"
    : show(sorted([...entries].map(([key, value]) => [base64(key), base64(value)])));
}

function base64(binary: string): string {
  return Buffer.from(binary, "latin1").toString("base64");
}

function sorted(pairs: readonly (readonly [string, string])[]): string[] {
  return pairs.map((pair) => pair.map((text) => show(Buffer.from(text, "base64"))).join(" is ")).toSorted();
}

function show(value: Buffer | readonly string[]): string {
  if (value instanceof Buffer) {
    return JSON.stringify(value.toString("latin1"));
  }
  return value.join(", ");
}
