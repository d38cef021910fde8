import { diskAccessBody, diskBody, diskEncryptionSetBody, snapshotBody } from "../compute/bodies.ts";
import { retryAfter } from "../compute/requests.ts";
import { timestamp } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { OperationRecord } from "../state.ts";
import { existingOperation } from "./operations.ts";

/**
 * Where Compute tells of disk operations: one address, that with `monitor=true` is a Location (202 until there is a result,
 * then the result) and without it an Azure-AsyncOperation (200 with a status).
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export function computeOperationRoutes(): readonly Route[] {
  return [
    {
      operation: "diskOperations/get",
      method: "GET",
      path: "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/DiskOperations/{operation}",
      answer: (request) => {
        const operation = existingOperation(request);
        return request.query.get("monitor") === "true"
          ? resultOf(request, operation)
          : statusOf(request, operation);
      },
    },
  ];
}

function statusOf(request: ManagementRequest, operation: OperationRecord): Answer {
  const { operationId, status, startedAt, doneAt, failure } = operation;
  const output = status === "Succeeded" ? outputOf(request, operation) : undefined;
  return {
    status: 200,
    headers: status === "InProgress" ? retryAfter(request) : {},
    body: {
      startTime: timestamp(startedAt),
      ...(status === "InProgress" ? {} : { endTime: timestamp(doneAt) }),
      status,
      ...(output === undefined ? {} : { properties: { output } }),
      ...(status === "Failed" && failure !== undefined ? { error: failure } : {}),
      name: operationId,
    },
  };
}

function resultOf(request: ManagementRequest, operation: OperationRecord): Answer {
  if (operation.status === "InProgress") {
    const location = `${request.origin}${request.id}?${request.query.toString()}`;
    return { status: 202, headers: { location, ...retryAfter(request) } };
  }
  if (operation.status === "Failed" && operation.failure !== undefined) {
    return { status: 409, body: { error: operation.failure } };
  }
  const output = outputOf(request, operation);
  return output === undefined ? { status: 200 } : { status: 200, body: output };
}

/** What the operation was about; nothing when it is gone. */
function outputOf({ state, now }: ManagementRequest, operation: OperationRecord): JsonObject | undefined {
  const { resourceId, output } = operation;
  if (output !== undefined) {
    return output;
  }
  const disk = state.disks[resourceId];
  if (disk !== undefined) {
    return diskBody(disk, now);
  }
  const snapshot = state.snapshots[resourceId];
  if (snapshot !== undefined) {
    return snapshotBody(snapshot, now);
  }
  const set = state.diskEncryptionSets[resourceId];
  if (set !== undefined) {
    return diskEncryptionSetBody(set);
  }
  const access = state.diskAccesses[resourceId];
  return access === undefined ? undefined : diskAccessBody(access);
}
