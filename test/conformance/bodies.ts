import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertHolds, exists, get, list, put } from "./calls.ts";
import { assertContent, content } from "./content.ts";
import type { Capabilities, Subject } from "./subject.ts";

export function bodyTests(subject: () => Subject, capabilities: Capabilities): void {
  const { threshold, blockSize, large } = capabilities;
  describe("bodies come back as they went", () => {
    const sizes: Readonly<Record<string, number>> = {
      "one byte": 1,
      "one byte less than one request takes": threshold - 1,
      "as much as one request takes": threshold,
      "one byte more than one request takes": threshold + 1,
      "one byte less than whole blocks": threshold + 2 * blockSize - 1,
      "whole blocks": threshold + 2 * blockSize,
      "one byte more than whole blocks": threshold + 2 * blockSize + 1,
    };
    for (const [name, size] of Object.entries(sizes)) {
      test(`${name}: ${size} bytes`, async () => {
        const expected = content(size, size);
        await put(subject(), "sized", expected);
        await assertHolds(subject(), "sized", expected);
      });
    }

    test(`a large one: ${large} bytes`, async () => {
      const expected = content(large, 7);
      await put(subject(), "large", expected);
      await assertHolds(subject(), "large", expected);
    });

    test("eight puts and eight gets at once", async () => {
      const under = subject();
      const objects = Array.from({ length: 8 }, (_, i) => ({
        key: `parallel/${i}`,
        expected: content(threshold + blockSize + i, i),
      }));
      await Promise.all(objects.map(({ key, expected }) => put(under, key, expected)));
      await Promise.all(objects.map(({ key, expected }) => assertHolds(under, key, expected)));
    });

    emptyBodyTests(subject, capabilities);
  });

  describe("writing over an object", () => {
    test("the last body is what is there, whatever the sizes", async () => {
      const under = subject();
      for (const size of [threshold + blockSize + 5, 10, threshold + 3 * blockSize]) {
        await put(under, "overwritten", content(size, size));
        await assertHolds(under, "overwritten", content(size, size));
      }
      assert.deepEqual(await list(under, "overwritten"), ["overwritten"]);
    });
  });

  readerTests(subject, content(threshold + 4 * blockSize, 3));
}

function emptyBodyTests(subject: () => Subject, { emptyBody }: Capabilities): void {
  if (emptyBody === "stored") {
    test("an empty one", async () => {
      await put(subject(), "empty", content(0));
      assert.equal(await exists(subject(), "empty"), true);
      await assertHolds(subject(), "empty", content(0));
      assert.deepEqual(await list(subject(), "empty"), ["empty"]);
    });
    return;
  }
  test("an empty one, which the wire cannot carry, is refused and stores nothing", async () => {
    await assert.rejects(put(subject(), "empty", content(0)), /empty/);
    assert.equal(await exists(subject(), "empty"), false);
  });
}

function readerTests(subject: () => Subject, expected: ReturnType<typeof content>): void {
  describe("readers", () => {
    test("may leave early, again and again, and the store still works", async () => {
      await put(subject(), "read", expected);
      for (let i = 0; i < 20; i += 1) {
        for await (const chunk of await get(subject(), "read")) {
          assert.ok(chunk.length > 0);
          break;
        }
      }
      await assertHolds(subject(), "read", expected);
    });

    test("may be slow", async () => {
      await put(subject(), "read", expected);
      let chunks = 0;
      await assertContent(await get(subject(), "read"), expected, async () => {
        chunks += 1;
        await sleep(chunks % 16 === 0 ? 20 : 0);
      });
    });
  });
}
