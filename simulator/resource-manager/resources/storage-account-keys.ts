import { freshKey } from "../account-record.ts";
import { ManagementError } from "../errors.ts";
import { textIn, timestamp } from "../json.ts";
import { GROUP } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { StorageAccountRecord } from "../state.ts";
import { existingAccount } from "./storage-accounts.ts";

const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/{account}`;

/**
 * The keys of an account. They are listed although `allowSharedKeyAccess` is false: the data plane then refuses them.
 * Sources: learn.microsoft.com/rest/api/storagerp/storage-accounts/list-keys
 * and learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
 */
export function storageAccountKeyRoutes(): readonly Route[] {
  return [
    {
      operation: "storageAccounts/listKeys",
      method: "POST",
      path: `${ACCOUNT}/listKeys`,
      action: "Microsoft.Storage/storageAccounts/listKeys/action",
      answer: (request) => {
        const account = provisioned(request);
        const expand = request.query.get("$expand");
        if (expand !== null && expand.toLowerCase() !== "kerb") {
          throw invalid("$expand");
        }
        // Kerberos keys come only with an account that has joined a domain for Azure Files.
        return keysOf(account);
      },
    },
    {
      operation: "storageAccounts/regenerateKey",
      method: "POST",
      path: `${ACCOUNT}/regenerateKey`,
      action: "Microsoft.Storage/storageAccounts/regeneratekey/action",
      answer: async (request) => {
        const account = provisioned(request);
        const wanted = textIn(await request.body(), "keyName");
        const index = account.keys.findIndex((key) => key.keyName === wanted);
        const former = account.keys[index];
        if (former === undefined) {
          throw invalid("keyName");
        }
        account.keys[index] = freshKey(former.keyName, timestamp(request.now));
        return keysOf(account);
      },
    },
  ];
}

function provisioned(request: ManagementRequest): StorageAccountRecord {
  const account = existingAccount(request);
  if (account.provisioningState !== "Succeeded") {
    throw new ManagementError(
      409,
      "StorageAccountIsNotProvisioned",
      "The storage account provisioning state must be 'Succeeded' before executing the operation.",
    );
  }
  return account;
}

function keysOf(account: StorageAccountRecord): Answer {
  const keys = account.keys.map(({ keyName, value, creationTime }) => ({
    creationTime,
    keyName,
    value,
    permissions: "FULL",
  }));
  return { status: 200, body: { keys } };
}

function invalid(parameter: string): ManagementError {
  return new ManagementError(
    400,
    "InvalidValuesForRequestParameters",
    `Values for request parameters are invalid: ${parameter}.`,
  );
}
