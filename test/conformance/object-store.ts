import { after, before, describe } from "node:test";
import type { ObjectStore } from "../../src/store/object-store.ts";
import { bodyTests } from "./bodies.ts";
import { cancellationTests } from "./cancellation.ts";
import { keyTests } from "./keys.ts";
import { listingTests } from "./listing.ts";
import { signedUrlTests } from "./signed-url.ts";

/** A store with an empty container of its own; `close` frees what the factory made. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  readonly container: string;
  close(): Promise<void>;
}

/** What a driver is, so that the suite looks where it may break, and asks nothing that it does not promise. */
export interface Capabilities {
  /** The largest body, in bytes, that goes in one request. */
  readonly threshold: number;
  /** The size of the first block of a larger one, in bytes. */
  readonly blockSize: number;
  /** The size of the large object, in bytes. */
  readonly large: number;
  /** Velero's wire cannot carry an empty body: there it must be refused, and nothing stored. */
  readonly emptyBody: "stored" | "refused";
  /** Reads a signed URL as a plain client does. Absent: the driver signs nothing, and says Unimplemented. */
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>;
}

/** The store that the tests of one suite share, there once the suite has begun. */
export interface Subject {
  readonly store: ObjectStore;
  readonly container: string;
}

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
