/** What the data plane asks Resource Manager about a storage account, at each request anew: keys rotate, switches are thrown. */
export interface BlobAccount {
  /** Globally unique; lower-case letters and digits. */
  readonly name: string;
  readonly resourceId: string;
  /** Of the subscription; tokens of another tenant are refused. */
  readonly tenantId: string;
  /** The current key1 and key2, base64. */
  readonly keys: readonly string[];
  /** False: neither keys nor SAS made from them are taken. */
  readonly allowSharedKeyAccess: boolean;
  /** False: no container can be read without signing in. */
  readonly allowBlobPublicAccess: boolean;
  /** `supportsHttpsTrafficOnly`. */
  readonly httpsOnly: boolean;
  readonly network: NetworkRules;
}

export interface NetworkRules {
  readonly defaultAction: "Allow" | "Deny";
  /** Addresses, ranges `a-b` or CIDR blocks that are let in. */
  readonly ipRules: readonly string[];
}
