import { ManagementError } from "../errors.ts";
import type { Json } from "../json.ts";
import { GROUP, listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route, Surroundings } from "../routes.ts";
import { existingAccount } from "./storage-accounts.ts";

const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/{account}`;
const CONTAINERS = `${ACCOUNT}/blobServices/default/containers`;
const TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers";

/**
 * Blob containers by way of Resource Manager, which needs no data-plane role. They live in the blob service alone.
 * Source: learn.microsoft.com/rest/api/storagerp/blob-containers
 */
export function blobContainerRoutes({ containers }: Surroundings): readonly Route[] {
  return [
    {
      operation: "blobContainers/list",
      method: "GET",
      path: CONTAINERS,
      action: `${TYPE}/read`,
      answer: async (request) => {
        const account = existingAccount(request);
        const names = await containers.list(account.name);
        return listOf(
          names.map((name) => bodyOf(`${account.id}/blobServices/default/containers/${name}`, name)),
        );
      },
    },
    {
      operation: "blobContainers/get",
      method: "GET",
      path: `${CONTAINERS}/{container}`,
      action: `${TYPE}/read`,
      answer: async (request) => {
        const { account, name } = names(request);
        if (!(await containers.exists(account, name))) {
          throw new ManagementError(404, "ContainerNotFound", "The specified container does not exist.");
        }
        return answerWith(request, 200);
      },
    },
    {
      operation: "blobContainers/create",
      method: "PUT",
      path: `${CONTAINERS}/{container}`,
      action: `${TYPE}/write`,
      answer: async (request) => {
        const { account, name } = names(request);
        if (!/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
          throw new ManagementError(
            400,
            "InvalidResourceName",
            "The specified resource name contains invalid characters.",
          );
        }
        const there = await containers.exists(account, name);
        if (!there) {
          await containers.create(account, name);
        }
        return answerWith(request, there ? 200 : 201);
      },
    },
    {
      operation: "blobContainers/delete",
      method: "DELETE",
      path: `${CONTAINERS}/{container}`,
      action: `${TYPE}/delete`,
      answer: async (request) => {
        const { account, name } = names(request);
        if (!(await containers.exists(account, name))) {
          return { status: 204 };
        }
        await containers.delete(account, name);
        return { status: 200 };
      },
    },
  ];
}

function names(request: ManagementRequest): { account: string; name: string } {
  return { account: existingAccount(request).name, name: variable(request, "container") };
}

function answerWith(request: ManagementRequest, status: number): Answer {
  const name = variable(request, "container");
  const id = `${existingAccount(request).id}/blobServices/default/containers/${name}`;
  return { status, body: bodyOf(id, name) };
}

function bodyOf(id: string, name: string): Json {
  return {
    id,
    name,
    type: TYPE,
    properties: {
      publicAccess: "None",
      leaseStatus: "Unlocked",
      leaseState: "Available",
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
    },
  };
}
