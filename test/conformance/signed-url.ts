import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertFails, put, uncancelled } from "./calls.ts";
import { assertContent, content } from "./content.ts";
import { ODD_KEYS } from "./keys.ts";
import type { Capabilities, Subject } from "./subject.ts";

const TEN_MINUTES = 600_000;

export function signedUrlTests(subject: () => Subject, { fetch, blockSize, threshold }: Capabilities): void {
  const sign = async (key: string): Promise<string> => {
    const { store, container } = subject();
    return store.createSignedUrl(container, key, TEN_MINUTES, uncancelled());
  };

  if (fetch === undefined) {
    test("a store without an address refuses to sign", async () => {
      await assertFails("Unimplemented", sign("key"));
    });
    return;
  }

  describe("a signed URL", () => {
    test("lets a plain client read the object", async () => {
      const expected = content(threshold + 2 * blockSize, 9);
      await put(subject(), "signed", expected);
      const answer = await fetch(await sign("signed"));
      assert.equal(answer.status, 200);
      assert.ok(answer.body !== null);
      await assertContent(answer.body, expected);
    });

    test("works for every odd key", async () => {
      for (const key of ODD_KEYS) {
        const expected = content(20, key.length);
        await put(subject(), key, expected);
        const answer = await fetch(await sign(key));
        assert.equal(answer.status, 200, key);
        assert.ok(answer.body !== null);
        await assertContent(answer.body, expected);
      }
    });

    test("lets nobody write, delete, or read another object", async () => {
      await put(subject(), "signed", content(10));
      await put(subject(), "unsigned", content(10));
      const url = await sign("signed");
      const headers = { "x-ms-blob-type": "BlockBlob" };
      assert.equal((await fetch(url, { method: "PUT", body: "x", headers })).status, 403);
      assert.equal((await fetch(url, { method: "DELETE" })).status, 403);
      assert.equal((await fetch(url.replace("/signed?", "/unsigned?"))).status, 403);
    });

    test("can be made for an object that is not there", async () => {
      assert.equal((await fetch(await sign("not-there"))).status, 404);
    });
  });
}
