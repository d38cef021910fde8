import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canceled, Failure } from "../../src/errors/error.ts";
import type { ByteSource } from "../../src/store/object-store.ts";
import { assertFails, assertHolds, exists, list, put } from "./calls.ts";
import { bodyOf, content, type Content } from "./content.ts";
import type { Capabilities, Subject } from "./subject.ts";

export function cancellationTests(subject: () => Subject, { threshold, blockSize }: Capabilities): void {
  const sizes = { "in its only request": threshold - 1, "among its blocks": threshold + 4 * blockSize };
  describe("an upload that does not end", () => {
    for (const [where, size] of Object.entries(sizes)) {
      test(`cancelled half-way ${where}, it stores nothing`, async () => {
        await assertFails("Canceled", putAndCancel(subject(), "cancelled", content(size)));
        assert.equal(await exists(subject(), "cancelled"), false);
        assert.deepEqual(await list(subject(), "cancelled"), []);
      });

      test(`cancelled half-way ${where}, it leaves the object that was there`, async () => {
        const before = content(50, 50);
        await put(subject(), "kept", before);
        await assertFails("Canceled", putAndCancel(subject(), "kept", content(size)));
        await assertHolds(subject(), "kept", before);
      });

      test(`whose body breaks off half-way ${where}, stores nothing`, async () => {
        const { store, container } = subject();
        const body = halfOf(content(size), async () => {
          throw new Failure("DataLoss", "the body broke off");
        });
        const { signal } = new AbortController();
        await assertFails("DataLoss", store.put(container, "broken", body, { signal }));
        assert.equal(await exists(subject(), "broken"), false);
      });
    }
  });

  describe("calls that are cancelled", () => {
    test("end with Canceled when it was too late from the start", async () => {
      const { store, container } = subject();
      const options = { signal: AbortSignal.abort() };
      await assertFails("Canceled", store.put(container, "late", bodyOf(content(5)), options));
      await assertFails("Canceled", store.get(container, "late", options));
      await assertFails("Canceled", store.exists(container, "late", options));
      await assertFails("Canceled", store.list(container, "", options));
      await assertFails("Canceled", store.listCommonPrefixes(container, "", "/", options));
      await assertFails("Canceled", store.delete(container, "late", options));
      assert.equal(await exists(subject(), "late"), false);
    });

    test("end with Canceled in the middle of a get", async () => {
      const { store, container } = subject();
      await put(subject(), "half-read", content(threshold + 8 * blockSize));
      const controller = new AbortController();
      const chunks = await store.get(container, "half-read", { signal: controller.signal });
      await assertFails("Canceled", cancelAfterFirst(chunks, controller));
    });
  });
}

async function putAndCancel({ store, container }: Subject, key: string, whole: Content): Promise<void> {
  const controller = new AbortController();
  const body = halfOf(whole, async () => {
    controller.abort();
    throw canceled("cannot read the body");
  });
  await store.put(container, key, body, { signal: controller.signal });
}

/** The first half of the content, and then what `then` does. */
function halfOf(whole: Content, then: () => Promise<never>): ByteSource {
  const half = Math.ceil(whole.size / 2);
  const source = bodyOf(whole);
  let given = 0;
  return {
    fill: async (target) => {
      const length = await source.fill(target.subarray(0, Math.min(target.length, half - given)));
      given += length;
      return length === target.length ? length : then();
    },
  };
}

async function cancelAfterFirst(
  chunks: AsyncIterable<Uint8Array>,
  controller: AbortController,
): Promise<void> {
  for await (const chunk of chunks) {
    assert.ok(chunk.length > 0);
    controller.abort();
  }
}
