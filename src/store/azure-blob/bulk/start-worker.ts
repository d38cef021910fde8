import { getAsset, isSea } from "node:sea";
import { Worker } from "node:worker_threads";
import type { WorkerStart } from "./protocol.ts";

/** The build bundles every `NAME.worker.ts` into the executable as the asset `NAME.worker`. */
const ASSET = "blocks.worker";

/** The compile hints of V8 and Node's own start take a few MB a thread; its heap needs little more than that. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** Starts the thread, from the executable's own copy of its script or from the sources. */
export function startWorker(start: WorkerStart): Worker {
  const options = { workerData: start, resourceLimits: RESOURCE_LIMITS };
  if (isSea()) return new Worker(getAsset(ASSET, "utf8"), { ...options, eval: true });
  return new Worker(new URL("./blocks.worker.ts", import.meta.url), options);
}
