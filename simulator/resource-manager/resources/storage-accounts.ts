import { newStorageAccount } from "../account-record.ts";
import { ManagementError, locationRequired, resourceNotFound } from "../errors.ts";
import { isObject, objectIn, textIn, timestamp } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { beginOperation, removeWithin } from "../operations.ts";
import { groupId, keyOf } from "../resource-id.ts";
import { GROUP, listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route, Surroundings } from "../routes.ts";
import type { ResourceManagerState, StorageAccountRecord } from "../state.ts";
import { locationName } from "./location.ts";
import { pollAtLocation } from "./operations.ts";
import { storageAccountBody } from "./storage-account-body.ts";
import { applySettings } from "./storage-account-settings.ts";

const SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Storage";
const ACCOUNTS = `${GROUP}/providers/Microsoft.Storage/storageAccounts`;

/** Source: learn.microsoft.com/rest/api/storagerp/storage-accounts */
export function storageAccountRoutes(surroundings: Surroundings): readonly Route[] {
  const bodyOf = (account: StorageAccountRecord) => storageAccountBody(account, surroundings.endpoints());
  const list = ({ state, id }: ManagementRequest): Answer => {
    const parent = keyOf(id.slice(0, id.toLowerCase().lastIndexOf("/providers/")));
    const found = Object.entries(state.storageAccounts).filter(([key]) => key.startsWith(`${parent}/`));
    return listOf(found.map(([, account]) => bodyOf(account)));
  };
  const action = (verb: string) => `Microsoft.Storage/storageAccounts/${verb}`;
  return [
    {
      operation: "storageAccounts/checkNameAvailability",
      method: "POST",
      path: `${SUBSCRIPTION}/checkNameAvailability`,
      action: "Microsoft.Storage/checknameavailability/read",
      answer: checkNameAvailability,
    },
    {
      operation: "storageAccounts/list",
      method: "GET",
      path: `${SUBSCRIPTION}/storageAccounts`,
      action: action("read"),
      answer: list,
    },
    {
      operation: "storageAccounts/listByResourceGroup",
      method: "GET",
      path: ACCOUNTS,
      action: action("read"),
      answer: list,
    },
    {
      operation: "storageAccounts/get",
      method: "GET",
      path: `${ACCOUNTS}/{account}`,
      action: action("read"),
      answer: (request) => ({ status: 200, body: bodyOf(existingAccount(request)) }),
    },
    {
      operation: "storageAccounts/create",
      method: "PUT",
      path: `${ACCOUNTS}/{account}`,
      action: action("write"),
      answer: (request) => create(request, surroundings),
    },
    {
      operation: "storageAccounts/update",
      method: "PATCH",
      path: `${ACCOUNTS}/{account}`,
      action: action("write"),
      answer: async (request) => {
        const account = existingAccount(request);
        applySettings(account, await request.body());
        return { status: 200, body: bodyOf(account) };
      },
    },
    {
      operation: "storageAccounts/delete",
      method: "DELETE",
      path: `${ACCOUNTS}/{account}`,
      action: action("delete"),
      answer: ({ state, id }) => {
        const there = state.storageAccounts[keyOf(id)] !== undefined;
        removeWithin(state, id);
        return { status: there ? 200 : 204 };
      },
    },
  ];
}

/** The account that a path names. */
export function existingAccount(request: ManagementRequest): StorageAccountRecord {
  const group = groupId(variable(request, "subscription"), variable(request, "group"));
  const name = variable(request, "account");
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const account = request.state.storageAccounts[keyOf(id)];
  if (account === undefined) {
    throw resourceNotFound("Microsoft.Storage/storageAccounts", name, variable(request, "group"));
  }
  return account;
}

async function checkNameAvailability(request: ManagementRequest): Promise<Answer> {
  const name = textIn(await request.body(), "name") ?? "";
  if (!isValidName(name)) {
    const message = invalidName(name).message;
    return { status: 200, body: { nameAvailable: false, reason: "AccountNameInvalid", message } };
  }
  if (accountNamed(request.state, name) !== undefined) {
    const message = alreadyTaken(name).message;
    return { status: 200, body: { nameAvailable: false, reason: "AlreadyExists", message } };
  }
  return { status: 200, body: { nameAvailable: true } };
}

async function create(request: ManagementRequest, surroundings: Surroundings): Promise<Answer> {
  const body = await request.body();
  const name = variable(request, "account");
  const former = formerAccount(request, name);
  const location = locationName(textIn(body, "location"));
  checkCreation(body, name, location, former, variable(request, "group"));
  if (former !== undefined) {
    applySettings(former, body);
    return { status: 200, body: storageAccountBody(former, surroundings.endpoints()) };
  }
  const group = request.state.resourceGroups[keyOf(request.id).split("/providers/")[0] ?? ""];
  const id = `${group?.id ?? ""}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const account: StorageAccountRecord = {
    ...newStorageAccount(id, name, location ?? "", timestamp(request.now)),
    kind: textIn(body, "kind") ?? "StorageV2",
  };
  applySettings(account, body);
  account.provisioningState = "Creating";
  request.state.storageAccounts[keyOf(account.id)] = account;
  return accepted(request, account, surroundings);
}

/** The storage provider answers with a Location only, even where others have an Azure-AsyncOperation, too. */
function accepted(request: ManagementRequest, account: StorageAccountRecord, { pace }: Surroundings): Answer {
  const subscriptionId = variable(request, "subscription");
  const begun = { effect: "provision", resourceId: account.id, subscriptionId } as const;
  const operation = beginOperation(request.state, begun, request.now, pace);
  const provider = `/subscriptions/${subscriptionId}/providers/Microsoft.Storage/locations/${account.location}`;
  return pollAtLocation(request, `${provider}/asyncoperations/${operation.operationId}`, pace);
}

/** The account of that name, if it is the one that the path means; names are unique in the world. */
function formerAccount(request: ManagementRequest, name: string): StorageAccountRecord | undefined {
  const taken = accountNamed(request.state, name);
  if (taken === undefined || keyOf(taken.id) === keyOf(request.id)) {
    return taken;
  }
  if (keyOf(taken.id).startsWith(`/subscriptions/${variable(request, "subscription").toLowerCase()}/`)) {
    throw new ManagementError(
      409,
      "StorageAccountInAnotherResourceGroup",
      `The account ${name} is already in another resource group in this subscription.`,
    );
  }
  throw alreadyTaken(name);
}

function checkCreation(
  body: JsonObject,
  name: string,
  location: string | undefined,
  former: StorageAccountRecord | undefined,
  group: string,
): void {
  if (location === undefined) {
    throw locationRequired();
  }
  if (!isValidName(name)) {
    throw invalidName(name);
  }
  if (!isObject(body["sku"]) || textIn(objectIn(body, "sku"), "name") === undefined) {
    throw new ManagementError(
      400,
      "InvalidValuesForRequestParameters",
      "Values for request parameters are invalid: sku.",
    );
  }
  if (former !== undefined && former.location !== location) {
    throw new ManagementError(
      409,
      "InvalidResourceLocation",
      `The resource '${name}' already exists in location '${former.location}' in resource group '${group}'. ` +
        `A resource with the same name cannot be created in location '${location}'. ` +
        "Please select a new resource name.",
    );
  }
}

function accountNamed(state: ResourceManagerState, name: string): StorageAccountRecord | undefined {
  return Object.values(state.storageAccounts).find((account) => account.name === name);
}

function isValidName(name: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(name);
}

function invalidName(name: string): ManagementError {
  return new ManagementError(
    400,
    "AccountNameInvalid",
    `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in ` +
      "length and use numbers and lower-case letters only.",
  );
}

function alreadyTaken(name: string): ManagementError {
  return new ManagementError(
    409,
    "StorageAccountAlreadyTaken",
    `The storage account named ${name} is already taken.`,
  );
}
