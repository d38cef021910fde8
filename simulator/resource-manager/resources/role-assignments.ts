import { ManagementError, invalidContent, resourceNotFound } from "../errors.ts";
import { objectIn, textIn, timestamp } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import { groupId, isGuid, isWithin, keyOf, parentsOf, segmentsOf } from "../resource-id.ts";
import { listOf, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route, Surroundings } from "../routes.ts";
import type { RoleAssignmentRecord } from "../state.ts";
import { parseFilter } from "./odata-filter.ts";
import { roleDefinitionDoesNotExist, roleDefinitionId, roleOf } from "./role-definitions.ts";

const TYPE = "Microsoft.Authorization/roleAssignments";
const PATH = `{scope}/providers/${TYPE}`;

/** Source: learn.microsoft.com/rest/api/authorization/role-assignments */
export function roleAssignmentRoutes(surroundings: Surroundings): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  return [
    {
      operation: "roleAssignments/list",
      method: "GET",
      path: PATH,
      action: action("read"),
      answer: list,
    },
    {
      operation: "roleAssignments/get",
      method: "GET",
      path: `${PATH}/{assignment}`,
      action: action("read"),
      answer: (request) => {
        const assignment = request.state.roleAssignments[keyOf(request.id)];
        if (assignment === undefined) {
          const name = variable(request, "assignment");
          throw new ManagementError(
            404,
            "RoleAssignmentNotFound",
            `The role assignment '${name.replaceAll("-", "")}' is not found.`,
          );
        }
        return { status: 200, body: bodyOf(assignment) };
      },
    },
    {
      operation: "roleAssignments/create",
      method: "PUT",
      path: `${PATH}/{assignment}`,
      action: action("write"),
      answer: (request) => create(request, surroundings),
    },
    {
      operation: "roleAssignments/delete",
      method: "DELETE",
      path: `${PATH}/{assignment}`,
      action: action("delete"),
      answer: ({ state, id }) => {
        const assignment = state.roleAssignments[keyOf(id)];
        delete state.roleAssignments[keyOf(id)];
        return assignment === undefined ? { status: 204 } : { status: 200, body: bodyOf(assignment) };
      },
    },
  ];
}

/** Without `atScope()` those below the scope are told, too; those above it always are. */
function list(request: ManagementRequest): Answer {
  const filter = request.query.get("$filter");
  const conditions = parseFilter(filter);
  const known = new Set(["atscope", "principalid", "assignedto"]);
  if (conditions === undefined || conditions.some(({ name }) => !known.has(name))) {
    throw new ManagementError(
      400,
      "UnsupportedQuery",
      `The filter '${filter ?? ""}' is not supported. Supported filters are either 'atScope()' or ` +
        "'principalId eq '{value}' or assignedTo('{value}')'.",
    );
  }
  const scope = variable(request, "scope");
  const atScope = conditions.some(({ name }) => name === "atscope");
  const found = Object.values(request.state.roleAssignments).filter(
    (assignment) =>
      inTenant(request, assignment) &&
      (isWithin(scope, assignment.scope) || (!atScope && isWithin(assignment.scope, scope))) &&
      conditions.every(({ value }) => value === undefined || assignment.principalId === value.toLowerCase()),
  );
  return listOf(found.map(bodyOf));
}

/** One Resource Manager serves several tenants, which share nothing but the root's name. */
function inTenant(request: ManagementRequest, assignment: RoleAssignmentRecord): boolean {
  const subscription = parentsOf(segmentsOf(assignment.scope)).subscription;
  const tenant = request.state.subscriptions[subscription?.toLowerCase() ?? ""]?.tenantId;
  return tenant === undefined || tenant === request.caller.tid.toLowerCase();
}

async function create(request: ManagementRequest, surroundings: Surroundings): Promise<Answer> {
  const body = await request.body();
  const properties = objectIn(body, "properties");
  const name = variable(request, "assignment");
  const principalId = textIn(properties, "principalId")?.toLowerCase();
  const role = textIn(properties, "roleDefinitionId")?.split("/").at(-1)?.toLowerCase();
  if (!isGuid(name)) {
    throw new ManagementError(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  if (principalId === undefined || !isGuid(principalId)) {
    throw new ManagementError(
      400,
      "InvalidPrincipalId",
      `The Principal ID '${principalId ?? ""}' is not valid. Principal ID must be a GUID.`,
    );
  }
  if (role === undefined) {
    throw invalidContent("Required property 'roleDefinitionId' not found in JSON");
  }
  if (roleOf(request.state, request.caller.tid, role) === undefined) {
    throw roleDefinitionDoesNotExist(400, role);
  }
  checkScope(request);
  const principalType = checkPrincipal(request, surroundings, principalId, properties);
  const scope = variable(request, "scope");
  const former = formerAssignment(request, { name, scope, role, principalId });
  const record: RoleAssignmentRecord = {
    id: `${scope === "/" ? "" : scope}/providers/${TYPE}/${name}`,
    name,
    scope,
    role,
    principalId,
    principalType,
    description: textIn(properties, "description") ?? null,
    createdOn: former?.createdOn ?? timestamp(request.now),
    createdBy: request.caller.oid,
  };
  request.state.roleAssignments[keyOf(record.id)] = record;
  return { status: former === undefined ? 201 : 200, body: bodyOf(record) };
}

/** A role is assigned at a resource that is there; of types that are not simulated everything is. */
function checkScope(request: ManagementRequest): void {
  const scope = variable(request, "scope");
  const { subscription, group } = parentsOf(segmentsOf(scope));
  const { state } = request;
  if (subscription !== undefined && group !== undefined) {
    const [, type, name] = /\/providers\/([^/]+\/[^/]+)\/([^/]+)/i.exec(scope) ?? [];
    const tables: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      "microsoft.storage/storageaccounts": state.storageAccounts,
      "microsoft.managedidentity/userassignedidentities": state.userAssignedIdentities,
      "microsoft.compute/disks": state.disks,
      "microsoft.compute/snapshots": state.snapshots,
      "microsoft.compute/diskencryptionsets": state.diskEncryptionSets,
      "microsoft.compute/diskaccesses": state.diskAccesses,
    };
    const table = tables[type?.toLowerCase() ?? ""];
    const id = keyOf(`${groupId(subscription, group)}/providers/${type ?? ""}/${name ?? ""}`);
    if (table !== undefined && table[id] === undefined) {
      throw resourceNotFound(type ?? "", name ?? "", group);
    }
  }
}

/** With a type named Azure does not look, so that principals can be made a moment before; else it does. */
function checkPrincipal(
  request: ManagementRequest,
  { inventory, directoryHas }: Surroundings,
  principalId: string,
  properties: JsonObject,
): string {
  const tenant = request.caller.tid.toLowerCase();
  const type = textIn(properties, "principalType");
  const known =
    inventory
      .principals()
      .some(({ objectId, tenantId }) => objectId === principalId && tenantId === tenant) ||
    directoryHas(tenant, principalId);
  if (!known && type === undefined) {
    throw new ManagementError(
      400,
      "PrincipalNotFound",
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${tenant}. Check that you have ` +
        "the correct principal ID. If you are creating this principal and then immediately assigning a role, this " +
        "error might be related to a replication delay. In this case, set the role assignment principalType " +
        "property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
    );
  }
  if (known && type !== undefined && type.toLowerCase() !== "serviceprincipal") {
    throw new ManagementError(
      400,
      "UnmatchedPrincipalType",
      `The PrincipalId '${principalId.replaceAll("-", "")}' has type 'ServicePrincipal' , which is different from ` +
        `specified PrinciaplType '${type}'.`,
    );
  }
  return type ?? "ServicePrincipal";
}

/** The assignment of that name, if it may be written over. */
function formerAssignment(
  request: ManagementRequest,
  wanted: Pick<RoleAssignmentRecord, "name" | "scope" | "role" | "principalId">,
): RoleAssignmentRecord | undefined {
  const assignments = request.state.roleAssignments;
  const same = Object.values(assignments).find(
    (assignment) =>
      keyOf(assignment.scope) === keyOf(wanted.scope) &&
      assignment.role === wanted.role &&
      assignment.principalId === wanted.principalId,
  );
  if (same !== undefined && keyOf(same.name) !== keyOf(wanted.name)) {
    throw new ManagementError(
      409,
      "RoleAssignmentExists",
      "The role assignment already exists. The ID of the existing role assignment is " +
        `${same.name.replaceAll("-", "")}.`,
    );
  }
  const former = assignments[keyOf(request.id)];
  if (former !== undefined && same === undefined) {
    throw new ManagementError(
      409,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    );
  }
  return former;
}

function bodyOf(assignment: RoleAssignmentRecord): Json {
  const { scope, createdOn, createdBy } = assignment;
  return {
    properties: {
      roleDefinitionId: roleDefinitionId(assignment.role, parentsOf(segmentsOf(scope)).subscription),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope,
      condition: null,
      conditionVersion: null,
      createdOn,
      updatedOn: createdOn,
      createdBy,
      updatedBy: createdBy,
      delegatedManagedIdentityResourceId: null,
      description: assignment.description,
    },
    id: assignment.id,
    type: TYPE,
    name: assignment.name,
  };
}
