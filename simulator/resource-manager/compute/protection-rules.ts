import { ManagementError } from "../errors.ts";
import { keyOf } from "../resource-id.ts";
import type { ResourceManagerState } from "../state.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { badRequest, invalidParameter, missing } from "./refusals.ts";

type Protected = Pick<
  DiskRecord | SnapshotRecord,
  "id" | "location" | "encryption" | "networkAccessPolicy" | "diskAccessId" | "publicNetworkAccess"
>;

/** Refuses a way to encrypt that there is not, or that the place does not have. */
export function checkEncryption(state: ResourceManagerState, { encryption, ...data }: Protected): void {
  const { type, diskEncryptionSetId } = encryption;
  const types = ["EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys"];
  if (type === "EncryptionAtRestWithPlatformKey" && diskEncryptionSetId === undefined) {
    return;
  }
  if (!types.includes(type)) {
    throw invalidParameter(`The value '${type}' of parameter encryption.type is invalid.`, "encryption.type");
  }
  if (diskEncryptionSetId === undefined) {
    throw missing("encryption.diskEncryptionSetId");
  }
  const set = state.diskEncryptionSets[keyOf(diskEncryptionSetId)];
  if (set === undefined) {
    throw badRequest(`DiskEncryptionSet '${diskEncryptionSetId}' was not found.`);
  }
  if (set.location !== data.location || subscriptionOf(set.id) !== subscriptionOf(data.id)) {
    throw badRequest(
      `DiskEncryptionSet '${set.id}' must be in the same location and subscription as resource '${data.id}'.`,
    );
  }
  if (set.encryptionType !== type) {
    throw invalidParameter(
      `Encryption type '${type}' does not match the type '${set.encryptionType}' of DiskEncryptionSet '${set.id}'.`,
      "encryption.type",
    );
  }
  if (!set.keyIsAccessible) {
    throw new ManagementError(
      400,
      "KeyVaultAccessForbidden",
      `Unable to access key vault resource '${set.keyUrl}' to enable encryption at rest. Please grant get, wrap and ` +
        `unwrap key permissions to disk encryption set '${set.name}'. Please visit ` +
        "https://aka.ms/keyvaultaccessssecmk for more information.",
    );
  }
}

/** Refuses a way to be reached over the network that there is not. */
export function checkNetwork(state: ResourceManagerState, data: Protected): void {
  const { networkAccessPolicy: policy, diskAccessId, publicNetworkAccess } = data;
  if (!["AllowAll", "AllowPrivate", "DenyAll"].includes(policy)) {
    throw invalidParameter(
      `The value '${policy}' of parameter networkAccessPolicy is invalid.`,
      "networkAccessPolicy",
    );
  }
  if (!["Enabled", "Disabled"].includes(publicNetworkAccess)) {
    throw invalidParameter(
      `The value '${publicNetworkAccess}' of parameter publicNetworkAccess is invalid.`,
      "publicNetworkAccess",
    );
  }
  if (policy === "AllowPrivate" && diskAccessId === undefined) {
    throw missing("diskAccessId");
  }
  if (diskAccessId === undefined) {
    return;
  }
  if (policy !== "AllowPrivate") {
    throw invalidParameter(
      "Parameter diskAccessId can only be set when networkAccessPolicy is 'AllowPrivate'.",
      "diskAccessId",
    );
  }
  const access = state.diskAccesses[keyOf(diskAccessId)];
  if (access === undefined) {
    throw badRequest(`DiskAccess '${diskAccessId}' was not found.`);
  }
  if (access.location !== data.location) {
    throw badRequest(`DiskAccess '${access.id}' must be in the same location as resource '${data.id}'.`);
  }
}

export function subscriptionOf(id: string): string {
  return id.split("/")[2]?.toLowerCase() ?? "";
}
