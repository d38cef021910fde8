import { createHmac } from "node:crypto";

/** What a user delegation key says of itself, and each SAS made with it repeats. */
export interface DelegationKeyFields {
  readonly account: string;
  readonly objectId: string;
  readonly tenantId: string;
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly start: string;
  readonly expiry: string;
  readonly service: string;
  readonly version: string;
  /** Empty when the key is not bound to users of another tenant. */
  readonly delegatedTenantId: string;
}

/** Keys are computed from what they say and a secret of this world, and kept nowhere. */
export interface DelegationKeys {
  /** Base64. */
  valueOf(fields: DelegationKeyFields): string;
}

export function delegationKeys(secret: Uint8Array): DelegationKeys {
  return {
    valueOf: (fields) =>
      createHmac("sha256", secret)
        .update(
          JSON.stringify([
            fields.account,
            fields.objectId.toLowerCase(),
            fields.tenantId.toLowerCase(),
            Date.parse(fields.start),
            Date.parse(fields.expiry),
            fields.service,
            fields.version,
            fields.delegatedTenantId.toLowerCase(),
          ]),
        )
        .digest("base64"),
  };
}
