import { ManagementError } from "../errors.ts";
import { operationStatus } from "../operations.ts";
import type { OperationPace } from "../operations.ts";
import { variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route, Surroundings } from "../routes.ts";
import type { OperationRecord } from "../state.ts";
import { storageAccountBody } from "./storage-account-body.ts";

/**
 * Where clients ask how a long-running operation is getting on. Both forms are served for each operation: at
 * `operations/{id}` a body with a status (`Azure-AsyncOperation`), elsewhere 202 until there is a result (`Location`).
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export function operationRoutes(surroundings: Surroundings): readonly Route[] {
  const result = (request: ManagementRequest) => resultOf(request, surroundings);
  return [
    {
      operation: "operations/result",
      method: "GET",
      path: "/subscriptions/{subscription}/operationresults/{operation}",
      answer: result,
    },
    {
      operation: "operations/result",
      method: "GET",
      path: "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{operation}",
      answer: result,
    },
    {
      operation: "operations/status",
      method: "GET",
      path: "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/operations/{operation}",
      answer: (request) => {
        const operation = existingOperation(request);
        return {
          status: 200,
          headers: waiting(operation, surroundings.pace),
          body: operationStatus(operation, request.id),
        };
      },
    },
  ];
}

/** 202 with an address, relative to this Resource Manager, at which the result will be. */
export function pollAtLocation(request: ManagementRequest, path: string, pace: OperationPace): Answer {
  return {
    status: 202,
    headers: {
      location: `${request.origin}${path}?api-version=${encodeURIComponent(request.apiVersion)}`,
      "retry-after": String(pace.retryAfterSeconds),
    },
  };
}

function resultOf(request: ManagementRequest, { pace, endpoints }: Surroundings): Answer {
  const operation = existingOperation(request);
  if (operation.status === "InProgress") {
    const location = `${request.origin}${request.id}?api-version=${encodeURIComponent(request.apiVersion)}`;
    return { status: 202, headers: { location, ...waiting(operation, pace) } };
  }
  const account = request.state.storageAccounts[operation.resourceId];
  if (operation.effect === "provision" && account !== undefined) {
    return { status: 200, body: storageAccountBody(account, endpoints()) };
  }
  return { status: 200 };
}

function waiting(operation: OperationRecord, pace: OperationPace): Readonly<Record<string, string>> {
  return operation.status === "InProgress" ? { "retry-after": String(pace.retryAfterSeconds) } : {};
}

/** The operation that a path names. */
export function existingOperation(request: ManagementRequest): OperationRecord {
  const operation = request.state.operations[variable(request, "operation").toLowerCase()];
  if (operation?.subscriptionId !== variable(request, "subscription").toLowerCase()) {
    throw new ManagementError(404, "NotFound", "The async operation was not found.");
  }
  return operation;
}
