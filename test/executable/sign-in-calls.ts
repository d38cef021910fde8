import assert from "node:assert/strict";
import type { ErrorCode } from "../../src/errors/error.ts";
import { assertContent, bodyOf, content } from "../conformance/content.ts";
import { HostFailure } from "../host/host-client.ts";
import { BUCKET, DISK, type AzureWorld, type Location } from "./azure-world.ts";

const { signal } = new AbortController();

/** Stores a small object. */
export async function put({ store }: Location, key: string): Promise<void> {
  await store.put(BUCKET, key, bodyOf(content(1000)), { signal });
}

/** Init and all that Velero does with a container, a signed address for a plain client included. */
export async function useObjectStore(world: AzureWorld, location: Location): Promise<void> {
  const { plugin, store, config } = location;
  await plugin.init(config);
  assert.deepEqual(world.asked(), [], "Init asks nobody");
  await put(location, "backups/one/object");
  await assertContent(await store.get(BUCKET, "backups/one/object", { signal }), content(1000));
  assert.deepEqual(await store.list(BUCKET, "backups/", { signal }), ["backups/one/object"]);
  assert.deepEqual(await store.listCommonPrefixes(BUCKET, "backups/", "/", { signal }), ["backups/one/"]);
  const url = await store.createSignedUrl(BUCKET, "backups/one/object", 600_000, { signal });
  const { status, body } = await world.fetch(url);
  assert.deepEqual([status, body.length > 0], [200, true], body);
  await store.delete(BUCKET, "backups/one/object", { signal });
  assert.equal(await store.exists(BUCKET, "backups/one/object", { signal }), false);
}

export async function initVolumes({ plugin, config }: Location): Promise<void> {
  await plugin.init(config, "velero.io/azure", "VolumeSnapshotter");
}

/** Looks the world's disk up. */
export function volumeInfo({ plugin }: Location): Promise<Record<string, unknown>> {
  return plugin.volumeCall("GetVolumeInfo", { volumeID: DISK, volumeAZ: "westeurope-1" });
}

/** Init and all that a volume snapshotter can do. */
export async function useVolumes(world: AzureWorld, location: Location): Promise<void> {
  const { plugin } = location;
  await initVolumes(location);
  assert.deepEqual(world.asked(), [], "Init asks nobody");
  assert.deepEqual(await volumeInfo(location), { volumeType: "StandardSSD_LRS", iops: null });
  const volumeHandle = `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/${DISK}`;
  const persistentVolume = {
    ...{ apiVersion: "v1", kind: "PersistentVolume" },
    spec: { csi: { driver: "disk.csi.azure.com", volumeHandle } },
  };
  const { volumeID } = await plugin.volumeCall("GetVolumeID", { persistentVolume });
  assert.ok(String(volumeID).endsWith(DISK), String(volumeID));
  const changed = await plugin.volumeCall("SetVolumeID", { persistentVolume, volumeID: "restored" });
  assert.match(JSON.stringify(changed), /"volumeHandle":"[^"]*disks\/restored"/);
}

/** For `assert.rejects`: the code, and each of these in what the user sees. */
export function refusedWith(code: ErrorCode, ...parts: readonly (RegExp | string)[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof HostFailure, String(error));
    for (const part of parts) {
      const holds = typeof part === "string" ? error.message.includes(part) : part.test(error.message);
      assert.ok(holds, `no ${String(part)} in: ${error.message}`);
    }
    assert.equal(error.code, code, error.message);
    return true;
  };
}
