import assert from "node:assert/strict";
import { before, test } from "node:test";
import { describeFailure, Failure } from "../../src/errors/error.ts";
import { produceFailures } from "./produced-failures.ts";
import { PAGES, readPage, rowsUnder } from "./page.ts";

let produced: readonly string[];
before(async () => {
  produced = (await produceFailures()).map((failure) => {
    assert.ok(failure instanceof Failure, describeFailure(failure));
    return failure.message;
  });
});

/** The quoted text as a pattern for the whole message: `…` stands for whatever is different each time. */
function pattern(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

for (const name of PAGES) {
  test(`every error that the page ${name} quotes is worded so by the plugin`, async () => {
    const rows = rowsUnder(await readPage(name), "Velero shows");
    assert.ok(rows.length > 0, "the page quotes none");
    const unknown = rows
      .map(([quoted = ""]) => quoted.replace(/^`(.*)`$/, "$1"))
      .filter((text) => !produced.some((message) => pattern(text).test(message)));
    assert.deepEqual(unknown, []);
  });
}
