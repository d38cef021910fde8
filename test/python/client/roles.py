"""Role definitions and role assignments."""

from azure.mgmt.authorization import AuthorizationManagementClient

from resource_manager import client


def authorization(order, wanted):
    return client(AuthorizationManagementClient, order, wanted["subscriptionId"])


def list_definitions(order, wanted):
    found = authorization(order, wanted).role_definitions.list(wanted["scope"], filter=wanted.get("filter"))
    return {"roles": [{"id": role.id, "name": role.role_name} for role in found]}


def create_assignment(order, wanted):
    made = authorization(order, wanted).role_assignments.create(
        wanted["scope"],
        wanted["name"],
        {
            "properties": {
                "principalId": wanted["principalId"],
                "principalType": "ServicePrincipal",
                "roleDefinitionId": wanted["role"],
            }
        },
    )
    return {"id": made.id, "principalId": made.principal_id}


def list_assignments(order, wanted):
    found = authorization(order, wanted).role_assignments.list_for_scope(
        wanted["scope"], filter=wanted.get("filter")
    )
    return {"names": [assignment.name for assignment in found]}


def delete_assignment(order, wanted):
    authorization(order, wanted).role_assignments.delete(wanted["scope"], wanted["name"])
