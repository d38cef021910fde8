import { silentLogger } from "../../src/log/logger.ts";
import { SINGLE_PUT_BYTES } from "../../src/store/azure-blob/block-plan.ts";
import { openObjectStore } from "../../src/store/open-object-store.ts";
import { startLocation } from "../location.ts";
import { describeObjectStore } from "./object-store.ts";

describeObjectStore(
  "Azure Blob Storage, on Azurite",
  async () => {
    const { config, container, stop } = await startLocation();
    return { store: await openObjectStore(config, {}, silentLogger), container, close: stop };
  },
  {
    threshold: SINGLE_PUT_BYTES,
    blockSize: SINGLE_PUT_BYTES,
    large: 1024 ** 3,
    emptyBody: "stored",
    fetch,
  },
);
