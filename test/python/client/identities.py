"""User-assigned identities and their federated credentials."""

from azure.mgmt.msi import ManagedServiceIdentityClient

from resource_manager import client


def msi(order, wanted):
    return client(ManagedServiceIdentityClient, order, wanted["subscriptionId"])


def create(order, wanted):
    made = msi(order, wanted).user_assigned_identities.create_or_update(
        wanted["group"], wanted["name"], {"location": wanted["location"]}
    )
    return shown(made)


def get(order, wanted):
    return shown(msi(order, wanted).user_assigned_identities.get(wanted["group"], wanted["name"]))


def delete(order, wanted):
    msi(order, wanted).user_assigned_identities.delete(wanted["group"], wanted["name"])


def create_federation(order, wanted):
    made = msi(order, wanted).federated_identity_credentials.create_or_update(
        wanted["group"],
        wanted["name"],
        wanted["federation"],
        {
            "properties": {
                "issuer": wanted["issuer"],
                "subject": wanted["subject"],
                "audiences": [wanted["audience"]],
            }
        },
    )
    return {"id": made.id}


def list_federations(order, wanted):
    found = msi(order, wanted).federated_identity_credentials.list(wanted["group"], wanted["name"])
    return {"names": [one.name for one in found]}


def delete_federation(order, wanted):
    msi(order, wanted).federated_identity_credentials.delete(
        wanted["group"], wanted["name"], wanted["federation"]
    )


def shown(identity):
    return {
        "id": identity.id,
        "clientId": identity.client_id,
        "principalId": identity.principal_id,
        "tenantId": identity.tenant_id,
    }
