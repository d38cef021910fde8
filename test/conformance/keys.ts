import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertFails, assertHolds, exists, list, put, uncancelled } from "./calls.ts";
import { content } from "./content.ts";
import type { Subject } from "./subject.ts";

/**
 * Keys that some layer on the way might decode, cut, join, normalise or take for something else. No backslash: the
 * blob service itself stores it as a slash.
 */
export const ODD_KEYS: readonly string[] = [
  "backups/daily-1/velero-backup.json",
  "with space/ and  two",
  "percent %41%2F%25%zz",
  "question?mark=1&other=2",
  "hash#tag",
  "plus+plus",
  "double//slash///three",
  "trailing/slash/",
  "dots..in...name/.hidden/..also",
  "dots/../as/./segments/..",
  "quotes \"double\" 'single' `back`",
  "angle <tag>&amp; [bracket] {brace}",
  "reserved :;,@=$!*()~^|",
  "složka/日本語/عربى/🜁🏴‍☠️",
  "composed é and decomposed e\u0301",
  "a".repeat(1024),
  `${"folder/".repeat(100)}${"x".repeat(324)}`,
  "ž".repeat(1024),
];

export function keyTests(subject: () => Subject): void {
  describe("keys are taken as they are", () => {
    for (const [index, key] of ODD_KEYS.entries()) {
      test(`${JSON.stringify(key.slice(0, 48))}, ${key.length} characters`, async () => {
        const under = subject();
        const expected = content(100 + index, index);
        await put(under, key, expected);
        assert.equal(await exists(under, key), true);
        await assertHolds(under, key, expected);
        assert.deepEqual(await list(under, key), [key]);
        await under.store.delete(under.container, key, uncancelled());
        assert.equal(await exists(under, key), false);
      });
    }
  });

  describe("absence", () => {
    test("a missing object does not exist", async () => {
      assert.equal(await exists(subject(), "missing"), false);
    });

    test("getting and deleting a missing object are errors", async () => {
      const { store, container } = subject();
      await assertFails("NotFound", store.get(container, "missing", uncancelled()));
      await assertFails("NotFound", store.delete(container, "missing", uncancelled()));
    });

    test("an object can be deleted once", async () => {
      const under = subject();
      await put(under, "deleted-once", content(10));
      await under.store.delete(under.container, "deleted-once", uncancelled());
      await assertFails("NotFound", under.store.delete(under.container, "deleted-once", uncancelled()));
    });

    test("in a missing container nothing exists, and every other call is an error", async () => {
      const { store } = subject();
      const missing = { store, container: "no-such-container" };
      assert.equal(await exists(missing, "key"), false);
      await assertFails("NotFound", store.get(missing.container, "key", uncancelled()));
      await assertFails("NotFound", store.delete(missing.container, "key", uncancelled()));
      await assertFails("NotFound", store.list(missing.container, "", uncancelled()));
      await assertFails("NotFound", store.listCommonPrefixes(missing.container, "", "/", uncancelled()));
      await assertFails("NotFound", put(missing, "key", content(10)));
    });
  });
}
