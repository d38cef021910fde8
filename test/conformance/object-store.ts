import { after, before, describe } from "node:test";
import { bodyTests } from "./bodies.ts";
import { cancellationTests } from "./cancellation.ts";
import { keyTests } from "./keys.ts";
import { listingTests } from "./listing.ts";
import { signedUrlTests } from "./signed-url.ts";
import type { Capabilities, ObjectStoreUnderTest, Subject } from "./subject.ts";

/**
 * The contract of src/store/object-store.ts, as tests. A driver joins by giving what makes it:
 *
 *     describeObjectStore("memory", async () => ({ store, container, close }), { threshold, … });
 */
export function describeObjectStore(
  name: string,
  open: () => Promise<ObjectStoreUnderTest>,
  capabilities: Capabilities,
): void {
  describe(`object store: ${name}`, () => {
    let opened: ObjectStoreUnderTest | undefined;
    const subject = (): Subject => {
      if (opened === undefined) {
        throw new Error("the store is opened before the first test");
      }
      return opened;
    };
    before(async () => {
      opened = await open();
    });
    after(async () => {
      await opened?.store.close();
      await opened?.close();
    });
    keyTests(subject);
    bodyTests(subject, capabilities);
    listingTests(subject);
    cancellationTests(subject, capabilities);
    signedUrlTests(subject, capabilities);
  });
}
