import type { Encryption } from "./disk.ts";
import { field, textField } from "./json.ts";

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
