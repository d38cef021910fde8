import type { SimulatedRequest } from "../http/message.ts";
import type { BlobAddress } from "./address.ts";

/**
 * One REST operation and what it needs.
 * Sources: learn.microsoft.com/rest/api/storageservices, "Permissions for blob service operations", "Create an account
 * SAS" and "Create a service SAS".
 */
export interface Operation {
  /** As in Azure's REST reference, without spaces. Faults name it. */
  readonly name: string;
  readonly level: Level;
  /** Any one of these rights is enough. Empty: no role gives it. */
  readonly rights: readonly Right[];
  /** Any one of these letters of `sp` is enough. Empty: no SAS gives it. */
  readonly permissions: string;
  /** A service SAS, made for a container or blob, can give it; else only an account SAS. */
  readonly serviceSas: boolean;
}

export type Level = "service" | "container" | "blob";

/** An action below Microsoft.Storage/storageAccounts/blobServices/, and whether it is a data action. */
export interface Right {
  readonly action: string;
  readonly data: boolean;
  /** It lets new blobs come, but none be replaced. */
  readonly onlyNew?: boolean;
}

const control = (action: string): Right => ({ action, data: false });
const data = (action: string): Right => ({ action: `containers/blobs/${action}`, data: true });
const read = [data("read")];
const write = [data("write")];
const writeOrAdd = [data("write"), { ...data("add/action"), onlyNew: true }];

type Row = readonly [
  name: string,
  rights: readonly Right[],
  permissions: string,
  sas?: "account" | "container",
];

const service: Readonly<Record<string, Row>> = {
  "GET list": ["ListContainers", [control("containers/read")], "l"],
  "GET properties": ["GetBlobServiceProperties", [control("read")], "r"],
  "PUT properties": ["SetBlobServiceProperties", [control("write")], "w"],
  "GET stats": ["GetBlobServiceStats", [control("read")], "r"],
  "POST userdelegationkey": ["GetUserDelegationKey", [control("generateUserDelegationKey/action")], ""],
  "GET blobs": ["FindBlobsByTags", [data("filter/action")], "f"],
  "POST batch": ["BlobBatch", [], ""],
};

const container: Readonly<Record<string, Row>> = {
  "PUT ": ["CreateContainer", [control("containers/write")], "cw"],
  "GET ": ["GetContainerProperties", [control("containers/read")], "r"],
  "HEAD ": ["GetContainerProperties", [control("containers/read")], "r"],
  "DELETE ": ["DeleteContainer", [control("containers/delete")], "d"],
  "GET metadata": ["GetContainerMetadata", [control("containers/read")], "r"],
  "HEAD metadata": ["GetContainerMetadata", [control("containers/read")], "r"],
  "PUT metadata": ["SetContainerMetadata", [control("containers/write")], "w"],
  "GET acl": ["GetContainerAcl", [control("containers/getAcl/action")], ""],
  "HEAD acl": ["GetContainerAcl", [control("containers/getAcl/action")], ""],
  "PUT acl": ["SetContainerAcl", [control("containers/setAcl/action")], ""],
  "PUT lease": ["LeaseContainer", [control("containers/write")], "wd"],
  "PUT undelete": ["RestoreContainer", [control("containers/write")], "w"],
  "GET list": ["ListBlobs", read, "l", "container"],
  "GET blobs": ["FindBlobsByTags", [data("filter/action")], "f", "container"],
  "POST batch": ["BlobBatch", [], ""],
};

const blob: Readonly<Record<string, Row>> = {
  "GET ": ["GetBlob", read, "r"],
  "HEAD ": ["GetBlobProperties", read, "r"],
  "DELETE ": ["DeleteBlob", [data("delete")], "d"],
  "PUT ": ["PutBlob", writeOrAdd, "wc"],
  "PUT (copy)": ["CopyBlob", writeOrAdd, "wc"],
  "PUT (sync copy)": ["CopyBlobFromURL", writeOrAdd, "wc"],
  "PUT (from URL)": ["PutBlobFromURL", writeOrAdd, "wc"],
  "GET metadata": ["GetBlobMetadata", read, "r"],
  "HEAD metadata": ["GetBlobMetadata", read, "r"],
  "PUT metadata": ["SetBlobMetadata", write, "w"],
  "PUT properties": ["SetBlobProperties", write, "w"],
  "PUT lease": ["LeaseBlob", write, "wd"],
  "PUT snapshot": ["SnapshotBlob", [...write, data("add/action")], "cw"],
  "PUT block": ["PutBlock", [...write, data("add/action")], "w"],
  "PUT block(from URL)": ["PutBlockFromURL", [...write, data("add/action")], "w"],
  "PUT blocklist": ["PutBlockList", writeOrAdd, "w"],
  "GET blocklist": ["GetBlockList", read, "r"],
  "PUT page": ["PutPage", write, "w"],
  "GET pagelist": ["GetPageRanges", read, "r"],
  "PUT appendblock": ["AppendBlock", [...write, data("add/action")], "aw"],
  "PUT copy": ["AbortCopyBlob", write, "w"],
  "PUT tier": ["SetBlobTier", write, "w"],
  "PUT undelete": ["UndeleteBlob", write, "w"],
  "PUT expiry": ["SetBlobExpiry", write, "w"],
  "GET tags": ["GetBlobTags", [data("tags/read")], "t"],
  "PUT tags": ["SetBlobTags", [data("tags/write")], "t"],
  "POST query": ["QueryBlobContents", read, "r"],
  "PUT immutabilityPolicies": [
    "SetBlobImmutabilityPolicy",
    [data("immutableStorage/runAsSuperUser/action")],
    "i",
  ],
  "PUT legalhold": ["SetBlobLegalHold", [data("immutableStorage/runAsSuperUser/action")], "i"],
};

const tables = { service, container, blob };

/** The operation that a request asks for; undefined when the service has none like it. */
export function operationOf(request: SimulatedRequest, address: BlobAddress): Operation | undefined {
  const level = levelOf(address);
  const comp = address.query.get("comp") ?? "";
  if (address.query.get("restype") === "account") {
    const rights = [control("getInfo/action")];
    return { name: "GetAccountInformation", level, rights, permissions: "rwdlcatfi", serviceSas: true };
  }
  if (level === "service" && request.method === "POST" && comp === "") {
    return undefined;
  }
  const row = tables[level][`${request.method} ${comp}${variantOf(request, level, comp)}`];
  if (row === undefined) {
    return undefined;
  }
  const [name, rights, permissions, sas = level === "blob" ? "container" : "account"] = row;
  return { name, level, rights, permissions, serviceSas: sas === "container" };
}

function levelOf({ container, blob }: BlobAddress): Level {
  if (container === undefined) {
    return "service";
  }
  return blob === undefined ? "container" : "blob";
}

function variantOf({ method, headers }: SimulatedRequest, level: Level, comp: string): string {
  if (method !== "PUT" || level !== "blob" || headers["x-ms-copy-source"] === undefined) {
    return "";
  }
  if (comp === "block") {
    return "(from URL)";
  }
  if (comp !== "") {
    return "";
  }
  if (headers["x-ms-blob-type"] !== undefined) {
    return "(from URL)";
  }
  return headers["x-ms-requires-sync"] === "true" ? "(sync copy)" : "(copy)";
}
