import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { AzuriteAccount } from "../azurite.ts";

/** A SAS token of the account as Azure's own SDK makes it, without a question mark. */
export function sasToken(
  { account, key }: Pick<AzuriteAccount, "account" | "key">,
  validity: { readonly startsOn: Date; readonly expiresOn: Date },
): string {
  const fields = {
    ...validity,
    permissions: AccountSASPermissions.parse("racwdl"),
    services: AccountSASServices.parse("b").toString(),
    resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
    protocol: SASProtocol.Https,
  };
  return generateAccountSASQueryParameters(fields, new StorageSharedKeyCredential(account, key)).toString();
}

/** So many hours from now; negative: ago. */
export function hours(count: number): Date {
  return new Date(Date.now() + count * 3_600_000);
}
