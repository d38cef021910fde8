import type { Json, JsonObject } from "../json.ts";
import { diskKind } from "./disk-kinds.ts";
import { performanceOf, tierOf } from "./performance.ts";
import { completionOf } from "./progress.ts";
import type {
  DiskAccessRecord,
  DiskEncryptionSetRecord,
  DiskRecord,
  EncryptionRecord,
  SnapshotRecord,
} from "./records.ts";

/** Source: learn.microsoft.com/rest/api/compute/disks/get#disk */
export function diskBody(disk: DiskRecord, now: number): JsonObject {
  const { iops, throughput } = performanceOf(disk);
  const [managedBy] = disk.managedBy;
  const shared = disk.maxShares !== undefined && disk.maxShares > 1;
  return {
    ...headOf(disk, "Microsoft.Compute/disks"),
    ...(disk.zones === undefined || disk.zones.length === 0 ? {} : { zones: disk.zones }),
    ...(managedBy === undefined ? {} : { managedBy }),
    ...(managedBy !== undefined && shared ? { managedByExtended: disk.managedBy } : {}),
    sku: { name: disk.sku, tier: diskKind(disk.sku)?.tier ?? "Standard" },
    properties: {
      ...commonProperties(disk),
      diskIOPSReadWrite: iops,
      diskMBpsReadWrite: throughput,
      ...given("tier", tierOf(disk)),
      ...given("burstingEnabled", disk.burstingEnabled),
      ...given("maxShares", disk.maxShares),
      diskState: stateOf(disk, now),
    },
  };
}

/** Source: learn.microsoft.com/rest/api/compute/snapshots/get#snapshot */
export function snapshotBody(snapshot: SnapshotRecord, now: number): JsonObject {
  const { percent, failure } = completionOf(snapshot, now);
  const error =
    failure === undefined ? undefined : { errorCode: failure.code, errorMessage: failure.message };
  return {
    ...headOf(snapshot, "Microsoft.Compute/snapshots"),
    sku: { name: snapshot.sku, tier: snapshot.sku.split("_")[0] ?? "Standard" },
    properties: {
      ...commonProperties(snapshot),
      incremental: snapshot.incremental,
      ...given("incrementalSnapshotFamilyId", snapshot.familyId),
      ...(snapshot.incremental ? { completionPercent: percent } : {}),
      snapshotAccessState: percent < 100 ? "Pending" : "Available",
      ...given("copyCompletionError", error),
      diskState: stateOf({ ...snapshot, managedBy: [] }, now),
    },
  };
}

/** Source: learn.microsoft.com/rest/api/compute/disk-encryption-sets/get#diskencryptionset */
export function diskEncryptionSetBody(set: DiskEncryptionSetRecord): JsonObject {
  return {
    ...headOf(set, "Microsoft.Compute/diskEncryptionSets"),
    identity: { type: "SystemAssigned", principalId: set.principalId, tenantId: set.tenantId },
    properties: {
      activeKey: { keyUrl: set.keyUrl },
      encryptionType: set.encryptionType,
      provisioningState: set.provisioningState,
    },
  };
}

/** Source: learn.microsoft.com/rest/api/compute/disk-accesses/get#diskaccess */
export function diskAccessBody(access: DiskAccessRecord): JsonObject {
  return {
    ...headOf(access, "Microsoft.Compute/diskAccesses"),
    properties: {
      privateEndpointConnections: [],
      provisioningState: access.provisioningState,
      timeCreated: access.timeCreated,
    },
  };
}

type Headed = Pick<DiskRecord, "id" | "name" | "location" | "tags">;

function headOf({ id, name, location, tags }: Headed, type: string): JsonObject {
  return { name, id, type, location, ...(Object.keys(tags).length === 0 ? {} : { tags }) };
}

function commonProperties(data: DiskRecord | SnapshotRecord): JsonObject {
  const { securityType, secureVMDiskEncryptionSetId } = data;
  const security = { securityType, ...given("secureVMDiskEncryptionSetId", secureVMDiskEncryptionSetId) };
  return {
    ...given("osType", data.osType),
    ...given("hyperVGeneration", data.hyperVGeneration),
    ...(securityType === undefined ? {} : { securityProfile: security }),
    creationData: {
      createOption: data.createOption,
      ...given("sourceResourceId", data.sourceResourceId),
      ...given("sourceUniqueId", data.sourceUniqueId),
      ...given("logicalSectorSize", data.logicalSectorSize),
    },
    diskSizeGB: data.sizeGiB,
    diskSizeBytes: data.sizeGiB * 1024 ** 3,
    encryption: encryptionBody(data.encryption),
    networkAccessPolicy: data.networkAccessPolicy,
    ...given("diskAccessId", data.diskAccessId),
    publicNetworkAccess: data.publicNetworkAccess,
    ...given("dataAccessAuthMode", data.dataAccessAuthMode),
    timeCreated: data.timeCreated,
    provisioningState: data.provisioningState,
    uniqueId: data.uniqueId,
  };
}

function encryptionBody({ type, diskEncryptionSetId }: EncryptionRecord): JsonObject {
  return { type, ...given("diskEncryptionSetId", diskEncryptionSetId) };
}

/** Source: learn.microsoft.com/rest/api/compute/disks/get#diskstate */
function stateOf(
  { managedBy, accessUntil }: Pick<DiskRecord, "managedBy" | "accessUntil">,
  now: number,
): string {
  if (managedBy.length > 0) {
    return "Attached";
  }
  return accessUntil !== undefined && accessUntil > now ? "ActiveSAS" : "Unattached";
}

function given(name: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

const TOLD_AT_ONCE: ReadonlySet<string> = new Set([
  ...["diskSizeGB", "creationData", "incremental", "encryption", "networkAccessPolicy"],
]);

/**
 * What is answered to a PUT that was accepted: little more than what was asked for.
 * Source: the Azure CLI's recordings of disks and snapshots (2023)
 */
export function acceptedBody(whole: JsonObject): JsonObject {
  const { sku, managedBy: _, managedByExtended: __, properties, ...head } = whole;
  const kept = Object.entries(properties as JsonObject).filter(([name]) => TOLD_AT_ONCE.has(name));
  return {
    ...head,
    sku: { name: (sku as JsonObject)["name"] },
    properties: { ...Object.fromEntries(kept), provisioningState: "Updating" },
  };
}
