import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { type Clock, systemClock } from "../../src/azure/http/pipeline.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { openSnapshotter } from "../../src/snapshot/open-snapshotter.ts";
import { describeVolumeSnapshotter } from "./volume-snapshotter.ts";
import { simulatedDisks } from "./volumes/simulated-disks.ts";

const TENANT = "11111111-1111-4111-8111-111111111111";
const SUBSCRIPTION = "33333333-3333-4333-8333-333333333333";
const here = { subscriptionId: SUBSCRIPTION, resourceGroup: "MC_cluster" };
const elsewhere = { subscriptionId: SUBSCRIPTION, resourceGroup: "apps" };
const snapshots = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };

/** Between two looks at what is under way there is nothing to be tested: the simulated time jumps over it. */
function hasty({ clock }: Simulator): Clock {
  return {
    ...systemClock,
    sleep: async (milliseconds, signal) => {
      await systemClock.sleep(milliseconds / 20, signal);
      clock.advance((milliseconds * 19) / 20);
    },
  };
}

/** The credentials of somebody who may do everything in the subscription. */
function credentialsOf({ directory, inventory }: Simulator): string {
  directory.addTenant({ tenantId: TENANT });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  for (const { resourceGroup: name } of [here, elsewhere, snapshots]) {
    inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name });
  }
  const application = directory.addApplication({ tenantId: TENANT, displayName: "velero" });
  const scope = `/subscriptions/${SUBSCRIPTION}`;
  inventory.assignRole({ principalId: application.objectId, role: "Contributor", scope });
  return [
    `AZURE_SUBSCRIPTION_ID=${SUBSCRIPTION}`,
    `AZURE_RESOURCE_GROUP=${here.resourceGroup}`,
    `AZURE_TENANT_ID=${TENANT}`,
    `AZURE_CLIENT_ID=${application.clientId}`,
    `AZURE_CLIENT_SECRET=${directory.addSecret(application).value}`,
  ].join("\n");
}

describeVolumeSnapshotter(
  "Azure's managed disks, in the simulated Azure",
  async () => {
    const azure = await startSimulator();
    azure.inventory.setComputePace({ disk: 20, snapshot: 20, deletion: 20 });
    const folder = await mkdtemp(join(tmpdir(), "velero-azure-disks-"));
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const env = {
      HTTPS_PROXY: azure.endpoints.proxy,
      SSL_CERT_FILE: await file("ca.pem", azure.authority.certificate),
      TMPDIR: folder,
    };
    const config = {
      credentialsFile: await file("credentials", credentialsOf(azure)),
      resourceGroup: snapshots.resourceGroup,
    };
    const snapshotter = await openSnapshotter(config, env, silentLogger, {
      clock: hasty(azure),
    });
    const close = async (): Promise<void> => {
      await azure.stop();
      await rm(folder, { recursive: true });
    };
    return { snapshotter, disks: simulatedDisks(azure.inventory), here, elsewhere, close };
  },
  { beat: () => sleep(1), concurrency: 4 },
);
