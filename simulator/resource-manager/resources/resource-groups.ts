import { ManagementError, locationRequired, resourceGroupNotFound } from "../errors.ts";
import { tagsIn, textIn } from "../json.ts";
import type { Json } from "../json.ts";
import { beginOperation } from "../operations.ts";
import { groupId, keyOf } from "../resource-id.ts";
import { GROUP, listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route, Surroundings } from "../routes.ts";
import type { ResourceGroupRecord } from "../state.ts";
import { locationName } from "./location.ts";
import { pollAtLocation } from "./operations.ts";

/** Source: learn.microsoft.com/rest/api/resources/resource-groups */
export function resourceGroupRoutes(surroundings: Surroundings): readonly Route[] {
  const action = (verb: string) => `Microsoft.Resources/subscriptions/resourceGroups/${verb}`;
  return [
    {
      operation: "resourceGroups/list",
      method: "GET",
      path: "/subscriptions/{subscription}/resourceGroups",
      action: action("read"),
      answer: ({ state, id }) => {
        const subscription = `${keyOf(id)}/`;
        const found = Object.entries(state.resourceGroups).filter(([key]) => key.startsWith(subscription));
        return listOf(found.map(([, group]) => bodyOf(group)));
      },
    },
    {
      operation: "resourceGroups/exists",
      method: "HEAD",
      path: GROUP,
      action: action("read"),
      withoutGroup: true,
      answer: ({ state, id }) => ({ status: state.resourceGroups[keyOf(id)] === undefined ? 404 : 204 }),
    },
    {
      operation: "resourceGroups/get",
      method: "GET",
      path: GROUP,
      action: action("read"),
      answer: (request) => ({ status: 200, body: bodyOf(existing(request)) }),
    },
    {
      operation: "resourceGroups/create",
      method: "PUT",
      path: GROUP,
      action: action("write"),
      withoutGroup: true,
      answer: create,
    },
    {
      operation: "resourceGroups/update",
      method: "PATCH",
      path: GROUP,
      action: action("write"),
      answer: async (request) => {
        const group = existing(request);
        const tags = tagsIn(await request.body());
        if (tags !== undefined) {
          group.tags = tags;
        }
        return { status: 200, body: bodyOf(group) };
      },
    },
    {
      operation: "resourceGroups/delete",
      method: "DELETE",
      path: GROUP,
      action: action("delete"),
      answer: (request) => remove(request, surroundings),
    },
  ];
}

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const name = variable(request, "group");
  const location = locationName(textIn(body, "location"));
  if (!/^[-\w.()]{0,89}[-\w()]$/u.test(name)) {
    throw new ManagementError(
      400,
      "InvalidResourceGroup",
      `The provided resource group name '${name}' has these invalid characters: ` +
        "The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
    );
  }
  if (location === undefined) {
    throw locationRequired();
  }
  const former = request.state.resourceGroups[keyOf(request.id)];
  if (former !== undefined && former.location !== location) {
    throw new ManagementError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${location}'. The Resource group already exists in location ` +
        `'${former.location}'.`,
    );
  }
  if (former?.provisioningState === "Deleting") {
    throw beingDeleted(former);
  }
  const tags = tagsIn(body);
  const group: ResourceGroupRecord = {
    id: former?.id ?? groupId(variable(request, "subscription"), name),
    name: former?.name ?? name,
    location,
    ...(tags === undefined ? {} : { tags }),
    provisioningState: "Succeeded",
  };
  request.state.resourceGroups[keyOf(group.id)] = group;
  return { status: former === undefined ? 201 : 200, body: bodyOf(group) };
}

function remove(request: ManagementRequest, { pace }: Surroundings): Answer {
  const group = existing(request);
  if (group.provisioningState === "Deleting") {
    throw beingDeleted(group);
  }
  group.provisioningState = "Deleting";
  const subscriptionId = variable(request, "subscription");
  const operation = beginOperation(
    request.state,
    { effect: "delete", resourceId: group.id, subscriptionId },
    request.now,
    pace,
  );
  return pollAtLocation(
    request,
    `/subscriptions/${subscriptionId}/operationresults/${operation.operationId}`,
    pace,
  );
}

function existing(request: ManagementRequest): ResourceGroupRecord {
  const group = request.state.resourceGroups[keyOf(request.id)];
  if (group === undefined) {
    throw resourceGroupNotFound(variable(request, "group"));
  }
  return group;
}

function beingDeleted(group: ResourceGroupRecord): ManagementError {
  return new ManagementError(
    409,
    "ResourceGroupBeingDeleted",
    `The resource group '${group.name}' is in deprovisioning state and cannot perform this operation.`,
  );
}

function bodyOf(group: ResourceGroupRecord): Json {
  return {
    id: group.id,
    name: group.name,
    type: "Microsoft.Resources/resourceGroups",
    location: group.location,
    ...(group.tags === undefined ? {} : { tags: group.tags }),
    properties: { provisioningState: group.provisioningState },
  };
}
