import { BUILT_IN_ROLES, builtInRole } from "../built-in-roles.ts";
import type { BuiltInRole } from "../built-in-roles.ts";
import { ManagementError } from "../errors.ts";
import { isObject, listIn, objectIn, textIn, textsIn, timestamp } from "../json.ts";
import type { Json } from "../json.ts";
import { isGuid, isWithin } from "../resource-id.ts";
import { listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState, RoleDefinitionRecord } from "../state.ts";
import { parseFilter } from "./odata-filter.ts";

const TYPE = "Microsoft.Authorization/roleDefinitions";
const ROOT = `/providers/${TYPE}`;
const AT_SCOPE = `{scope}/providers/${TYPE}`;

type AnyRole = BuiltInRole | RoleDefinitionRecord;

/** Source: learn.microsoft.com/rest/api/authorization/role-definitions */
export function roleDefinitionRoutes(): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  const get = (request: ManagementRequest): Answer => ({
    status: 200,
    body: bodyOf(existing(request), subscriptionOf(request)),
  });
  return [
    // Everybody who is signed in may read the roles that there are, as long as no scope is named.
    { operation: "roleDefinitions/list", method: "GET", path: ROOT, answer: list },
    { operation: "roleDefinitions/get", method: "GET", path: `${ROOT}/{role}`, answer: get },
    {
      operation: "roleDefinitions/list",
      method: "GET",
      path: AT_SCOPE,
      action: action("read"),
      answer: list,
    },
    {
      operation: "roleDefinitions/get",
      method: "GET",
      path: `${AT_SCOPE}/{role}`,
      action: action("read"),
      answer: get,
    },
    {
      operation: "roleDefinitions/create",
      method: "PUT",
      path: `${AT_SCOPE}/{role}`,
      action: action("write"),
      answer: create,
    },
    {
      operation: "roleDefinitions/delete",
      method: "DELETE",
      path: `${AT_SCOPE}/{role}`,
      action: action("delete"),
      answer: remove,
    },
  ];
}

/** The ID of a role as Azure tells it at a scope: below the scope's subscription. */
export function roleDefinitionId(role: string, subscription: string | undefined): string {
  return `${subscription === undefined ? "" : `/subscriptions/${subscription}`}${ROOT}/${role}`;
}

/** A role of the tenant by its GUID. */
export function roleOf(state: ResourceManagerState, tenantId: string, guid: string): AnyRole | undefined {
  return builtInRole(guid) ?? state.roleDefinitions[`${tenantId}/${guid}`.toLowerCase()];
}

export function roleDefinitionDoesNotExist(status: number, guid: string): ManagementError {
  return new ManagementError(
    status,
    "RoleDefinitionDoesNotExist",
    `The specified role definition with ID '${guid.replaceAll("-", "")}' does not exist.`,
  );
}

function list(request: ManagementRequest): Answer {
  const conditions = parseFilter(request.query.get("$filter"));
  if (conditions === undefined) {
    throw new ManagementError(400, "UnsupportedQuery", "The filter of the query is not supported.");
  }
  const { tid } = request.caller;
  const scope = request.path["scope"] ?? "/";
  const custom = Object.values(request.state.roleDefinitions).filter(
    (role) =>
      role.tenantId === tid.toLowerCase() &&
      role.assignableScopes.some((assignable) => isWithin(scope, assignable) || isWithin(assignable, scope)),
  );
  const found = [...BUILT_IN_ROLES, ...custom].filter((role) =>
    conditions.every(({ name, value = "" }) => {
      if (name === "rolename") {
        return role.roleName.toLowerCase() === value.toLowerCase();
      }
      return name !== "type" || typeOf(role).toLowerCase() === value.toLowerCase();
    }),
  );
  return listOf(found.map((role) => bodyOf(role, subscriptionOf(request))));
}

async function create(request: ManagementRequest): Promise<Answer> {
  const name = variable(request, "role").toLowerCase();
  const tenantId = request.caller.tid.toLowerCase();
  const properties = objectIn(await request.body(), "properties");
  const roleName = textIn(properties, "roleName");
  const assignableScopes = textsIn(properties, "assignableScopes");
  if (!isGuid(name)) {
    throw new ManagementError(
      400,
      "InvalidRoleDefinitionId",
      `The role definition ID '${name}' is not valid. The role definition ID must be a GUID.`,
    );
  }
  if (roleName === undefined || assignableScopes.length === 0) {
    throw new ManagementError(
      400,
      "InvalidRoleDefinition",
      "The role definition needs a role name and at least one assignable scope.",
    );
  }
  if (builtInRole(name) !== undefined) {
    throw new ManagementError(
      403,
      "RoleDefinitionUpdateNotPermitted",
      "Built-in role definitions cannot be modified.",
    );
  }
  checkName(request.state, tenantId, name, roleName);
  const key = `${tenantId}/${name}`;
  const now = timestamp(request.now);
  const record: RoleDefinitionRecord = {
    name,
    tenantId,
    roleName,
    description: textIn(properties, "description") ?? "",
    permissions: listIn(properties, "permissions").map(permissionsIn),
    assignableScopes,
    createdOn: request.state.roleDefinitions[key]?.createdOn ?? now,
    updatedOn: now,
    updatedBy: request.caller.oid,
  };
  request.state.roleDefinitions[key] = record;
  return { status: 201, body: bodyOf(record, subscriptionOf(request)) };
}

function checkName(state: ResourceManagerState, tenantId: string, name: string, roleName: string): void {
  const wanted = roleName.toLowerCase();
  const taken =
    builtInRole(roleName) !== undefined ||
    Object.values(state.roleDefinitions).some(
      (role) => role.tenantId === tenantId && role.name !== name && role.roleName.toLowerCase() === wanted,
    );
  if (taken) {
    throw new ManagementError(
      409,
      "RoleDefinitionWithSameNameExists",
      "A custom role with the same name already exists in this directory. Use a different name.",
    );
  }
}

function remove(request: ManagementRequest): Answer {
  const key = `${request.caller.tid}/${variable(request, "role")}`.toLowerCase();
  const role = request.state.roleDefinitions[key];
  if (role === undefined) {
    return { status: 204 };
  }
  if (Object.values(request.state.roleAssignments).some((assignment) => assignment.role === role.name)) {
    throw new ManagementError(
      400,
      "RoleDefinitionHasAssignments",
      "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
    );
  }
  delete request.state.roleDefinitions[key];
  return { status: 200, body: bodyOf(role, subscriptionOf(request)) };
}

function existing(request: ManagementRequest): AnyRole {
  const guid = variable(request, "role");
  const role = roleOf(request.state, request.caller.tid, guid);
  if (role === undefined) {
    throw roleDefinitionDoesNotExist(404, guid);
  }
  return role;
}

function permissionsIn(item: Json) {
  const permissions = isObject(item) ? item : {};
  return {
    actions: textsIn(permissions, "actions"),
    notActions: textsIn(permissions, "notActions"),
    dataActions: textsIn(permissions, "dataActions"),
    notDataActions: textsIn(permissions, "notDataActions"),
  };
}

function subscriptionOf(request: ManagementRequest): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(request.path["scope"] ?? "")?.[1];
}

function typeOf(role: AnyRole): "CustomRole" | "BuiltInRole" {
  return "tenantId" in role ? "CustomRole" : "BuiltInRole";
}

function bodyOf(role: AnyRole, subscription: string | undefined): Json {
  const custom = "tenantId" in role ? role : undefined;
  const permissions = custom?.permissions ?? ("tenantId" in role ? [] : [role.permissions]);
  return {
    properties: {
      roleName: role.roleName,
      type: typeOf(role),
      description: role.description,
      assignableScopes: custom?.assignableScopes ?? ["/"],
      permissions: permissions.map(({ actions, notActions, dataActions, notDataActions }) => {
        return { actions, notActions, dataActions, notDataActions };
      }),
      createdOn: custom?.createdOn ?? "2015-02-02T21:55:09.8806423Z",
      updatedOn: custom?.updatedOn ?? "2021-11-11T20:13:28.6061853Z",
      createdBy: custom?.updatedBy ?? null,
      updatedBy: custom?.updatedBy ?? null,
    },
    id: roleDefinitionId(role.name, subscription),
    type: TYPE,
    name: role.name,
  };
}
