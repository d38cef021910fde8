import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { inParallel, list, put, uncancelled } from "./calls.ts";
import { content } from "./content.ts";
import type { Subject } from "./subject.ts";

/** More than the 5,000 that one page of Azure's listing holds. */
const MANY = 5_001;

export function listingTests(subject: () => Subject): void {
  const prefixes = async (prefix: string, delimiter: string): Promise<string[]> => {
    const { store, container } = subject();
    return store.listCommonPrefixes(container, prefix, delimiter, uncancelled());
  };

  describe("listing a tree", () => {
    before(async () => {
      const keys = ["list/a/1", "list/a/2", "list/a/b/3", "list/c", "list/d-e-f", "list/d-e/4", "listed/5"];
      await inParallel(
        4,
        keys.map((key) => () => put(subject(), key, content(1))),
      );
    });

    const listings: readonly (readonly [string, readonly string[]])[] = [
      ["list/", ["list/a/1", "list/a/2", "list/a/b/3", "list/c", "list/d-e-f", "list/d-e/4"]],
      ["list/a", ["list/a/1", "list/a/2", "list/a/b/3"]],
      ["list/a/b/", ["list/a/b/3"]],
      ["list/c", ["list/c"]],
      ["list/none", []],
    ];
    for (const [prefix, expected] of listings) {
      test(`keys that start with "${prefix}", sorted`, async () => {
        assert.deepEqual(await list(subject(), prefix), expected);
      });
    }

    test("the empty prefix means every key", async () => {
      const keys = await list(subject(), "");
      assert.ok(keys.includes("list/c") && keys.includes("listed/5"));
    });

    const cuts: readonly (readonly [string, string, readonly string[]])[] = [
      ["list/", "/", ["list/a/", "list/d-e/"]],
      ["list/a", "/", ["list/a/"]],
      ["list/a/", "/", ["list/a/b/"]],
      ["list/a/b/", "/", []],
      ["list", "/", ["list/", "listed/"]],
      ["list/", "-", ["list/d-"]],
      ["list/d-", "-", ["list/d-e-"]],
      ["list/none", "/", []],
    ];
    for (const [prefix, delimiter, expected] of cuts) {
      test(`prefixes that follow "${prefix}" up to "${delimiter}"`, async () => {
        assert.deepEqual(await prefixes(prefix, delimiter), expected);
      });
    }
  });

  describe(`${MANY} keys`, () => {
    const folders = Array.from({ length: MANY }, (_, i) => `many/${String(i).padStart(4, "0")}/`);

    before(async () => {
      await inParallel(
        32,
        folders.map((folder) => () => put(subject(), `${folder}x`, content(1))),
      );
    });

    test("are all listed", async () => {
      assert.deepEqual(
        await list(subject(), "many/"),
        folders.map((folder) => `${folder}x`),
      );
    });

    test("are all cut to prefixes", async () => {
      assert.deepEqual(await prefixes("many/", "/"), folders);
    });
  });
}
