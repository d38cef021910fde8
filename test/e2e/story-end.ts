import { after, afterEach } from "node:test";
import type { VeleroCluster } from "../cluster/cluster.ts";

/** Ends the story's cluster after the last test, and keeps its logs when any test has failed. */
export function endAfterwards(clusterOf: () => VeleroCluster | undefined): void {
  let failed = false;
  afterEach((context) => {
    if ("passed" in context && !context.passed) failed = true;
  });
  after(async () => {
    const cluster = clusterOf();
    if (failed && cluster !== undefined)
      process.stderr.write(`cluster: logs are kept in ${cluster.namespace.logs}\n`);
    await cluster?.stop({ keepLogs: failed });
  });
}
