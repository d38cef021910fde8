import type { Call } from "./caller.ts";
import { Refusal } from "./refusal.ts";

const MAX_UNCOMMITTED = 100_000;

/** Which operations, when they succeed, leave a blob without uncommitted blocks. */
const ending = new Set([
  "PutBlockList",
  "PutBlob",
  "PutBlobFromURL",
  "CopyBlob",
  "CopyBlobFromURL",
  "DeleteBlob",
]);

/** Counts blobs' uncommitted blocks, which Azurite does not: as far as this gate has seen them come. */
export interface UncommittedBlocks {
  /** Throws 409 BlockCountExceedsLimit for a block that is one too many. */
  check(call: Call): void;
  /** Tells that the call has succeeded. */
  done(call: Call): void;
}

/** Source: learn.microsoft.com/rest/api/storageservices/put-block, "Remarks". */
export function uncommittedBlocks(limit = MAX_UNCOMMITTED): UncommittedBlocks {
  const blobs = new Map<string, Set<string>>();
  const nameOf = ({ account, address }: Call): string =>
    JSON.stringify([account.name, address.container, address.blob]);
  const isBlock = ({ operation }: Call): boolean =>
    operation.name === "PutBlock" || operation.name === "PutBlockFromURL";
  const idOf = ({ address }: Call): string => address.query.get("blockid") ?? "";
  return {
    check: (call) => {
      const ids = isBlock(call) ? blobs.get(nameOf(call)) : undefined;
      if (ids !== undefined && ids.size >= limit && !ids.has(idOf(call))) {
        throw new Refusal("BlockCountExceedsLimit");
      }
    },
    done: (call) => {
      const name = nameOf(call);
      if (isBlock(call)) {
        blobs.set(name, (blobs.get(name) ?? new Set()).add(idOf(call)));
      } else if (ending.has(call.operation.name)) {
        blobs.delete(name);
      }
    },
  };
}
