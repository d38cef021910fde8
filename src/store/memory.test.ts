import { describeObjectStore } from "../../test/conformance/object-store.ts";
import { MemoryObjectStore } from "./memory.ts";

describeObjectStore(
  "memory",
  async () => ({ store: new MemoryObjectStore(["backups"]), container: "backups", close: async () => {} }),
  { threshold: 64 * 1024, blockSize: 64 * 1024, large: 64 * 1024 * 1024, emptyBody: "stored" },
);
