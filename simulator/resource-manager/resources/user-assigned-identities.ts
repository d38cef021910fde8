import { randomUUID } from "node:crypto";

import { locationRequired, resourceNotFound } from "../errors.ts";
import { tagsIn, textIn } from "../json.ts";
import type { Json } from "../json.ts";
import { removeWithin } from "../operations.ts";
import { groupId, keyOf } from "../resource-id.ts";
import { GROUP, listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { UserAssignedIdentityRecord } from "../state.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";
const IDENTITIES = `${GROUP}/providers/${TYPE}`;

/** Source: learn.microsoft.com/rest/api/managedidentity/user-assigned-identities */
export function userAssignedIdentityRoutes(): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  const list = ({ state, id }: ManagementRequest): Answer => {
    const parent = keyOf(id.slice(0, id.toLowerCase().lastIndexOf("/providers/")));
    const found = Object.entries(state.userAssignedIdentities).filter(([key]) =>
      key.startsWith(`${parent}/`),
    );
    return listOf(found.map(([, identity]) => bodyOf(identity)));
  };
  return [
    {
      operation: "userAssignedIdentities/list",
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${TYPE}`,
      action: action("read"),
      answer: list,
    },
    {
      operation: "userAssignedIdentities/listByResourceGroup",
      method: "GET",
      path: IDENTITIES,
      action: action("read"),
      answer: list,
    },
    {
      operation: "userAssignedIdentities/get",
      method: "GET",
      path: `${IDENTITIES}/{identity}`,
      action: action("read"),
      answer: (request) => ({ status: 200, body: bodyOf(existingIdentity(request)) }),
    },
    {
      operation: "userAssignedIdentities/create",
      method: "PUT",
      path: `${IDENTITIES}/{identity}`,
      action: action("write"),
      answer: create,
    },
    {
      operation: "userAssignedIdentities/update",
      method: "PATCH",
      path: `${IDENTITIES}/{identity}`,
      action: action("write"),
      answer: async (request) => {
        const identity = existingIdentity(request);
        identity.tags = tagsIn(await request.body()) ?? identity.tags;
        return { status: 200, body: bodyOf(identity) };
      },
    },
    {
      operation: "userAssignedIdentities/delete",
      method: "DELETE",
      path: `${IDENTITIES}/{identity}`,
      action: action("delete"),
      answer: ({ state, id }) => {
        const there = state.userAssignedIdentities[keyOf(id)] !== undefined;
        removeWithin(state, id);
        return { status: there ? 200 : 204 };
      },
    },
  ];
}

/** The identity that a path names. */
export function existingIdentity(request: ManagementRequest): UserAssignedIdentityRecord {
  const group = groupId(variable(request, "subscription"), variable(request, "group"));
  const name = variable(request, "identity");
  const identity = request.state.userAssignedIdentities[keyOf(`${group}/providers/${TYPE}/${name}`)];
  if (identity === undefined) {
    throw resourceNotFound(TYPE, name, variable(request, "group"));
  }
  return identity;
}

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const name = variable(request, "identity");
  const former = request.state.userAssignedIdentities[keyOf(request.id)];
  if (former !== undefined) {
    former.tags = tagsIn(body) ?? former.tags;
    return { status: 200, body: bodyOf(former) };
  }
  const location = locationName(textIn(body, "location"));
  if (location === undefined) {
    throw locationRequired();
  }
  const subscription = request.state.subscriptions[variable(request, "subscription").toLowerCase()];
  const group = request.state.resourceGroups[keyOf(request.id).split("/providers/")[0] ?? ""];
  const identity: UserAssignedIdentityRecord = {
    id: `${group?.id ?? ""}/providers/${TYPE}/${name}`,
    name,
    location,
    tenantId: subscription?.tenantId ?? request.caller.tid,
    principalId: randomUUID(),
    clientId: randomUUID(),
    tags: tagsIn(body) ?? {},
  };
  request.state.userAssignedIdentities[keyOf(identity.id)] = identity;
  return { status: 201, body: bodyOf(identity) };
}

/** This provider spells `resourcegroups` in small letters, which is why nobody may compare IDs as they are. */
function bodyOf(identity: UserAssignedIdentityRecord): Json {
  return {
    location: identity.location,
    tags: identity.tags,
    id: identity.id.replace("/resourceGroups/", "/resourcegroups/"),
    name: identity.name,
    type: TYPE,
    properties: {
      tenantId: identity.tenantId,
      principalId: identity.principalId,
      clientId: identity.clientId,
    },
  };
}
