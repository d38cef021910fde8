import type { ObjectStore } from "../../src/store/object-store.ts";

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
