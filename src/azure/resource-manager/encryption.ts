import { field, textField } from "./json.ts";

/** How a disk or snapshot is encrypted at rest. Source: learn.microsoft.com/rest/api/compute/disks/get#encryption */
export interface Encryption {
  /** `EncryptionAtRestWithPlatformKey`, `…WithCustomerKey`, `…WithPlatformAndCustomerKeys`. */
  readonly type: string | undefined;
  /** Resource ID. */
  readonly diskEncryptionSetId: string | undefined;
}

/** Of the properties of a disk or a snapshot. */
export function encryptionOf(properties: unknown): Encryption {
  const encryption = field(properties, "encryption");
  return {
    type: textField(encryption, "type"),
    diskEncryptionSetId: textField(encryption, "diskEncryptionSetId"),
  };
}

/** As it is sent; undefined, so that the field is left out, when nothing is known of it. */
export function encryptionOut({ type, diskEncryptionSetId }: Encryption): unknown {
  return type === undefined && diskEncryptionSetId === undefined ? undefined : { type, diskEncryptionSetId };
}
