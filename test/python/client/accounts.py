"""Storage accounts and their keys."""

from azure.mgmt.storage import StorageManagementClient

from resource_manager import client


def storage(order, wanted):
    return client(StorageManagementClient, order, wanted["subscriptionId"]).storage_accounts


def create(order, wanted):
    properties = {}
    if "allowSharedKeyAccess" in wanted:
        properties["allowSharedKeyAccess"] = wanted["allowSharedKeyAccess"]
    parameters = {
        "kind": "StorageV2",
        "location": wanted["location"],
        "sku": {"name": "Standard_LRS"},
        "properties": properties,
    }
    return shown(storage(order, wanted).begin_create(wanted["group"], wanted["name"], parameters).result())


def get(order, wanted):
    return shown(storage(order, wanted).get_properties(wanted["group"], wanted["name"]))


def update(order, wanted):
    properties = {}
    if "allowSharedKeyAccess" in wanted:
        properties["allowSharedKeyAccess"] = wanted["allowSharedKeyAccess"]
    if "defaultAction" in wanted:
        properties["networkAcls"] = {
            "defaultAction": wanted["defaultAction"],
            "ipRules": [{"value": rule} for rule in wanted.get("ipRules", [])],
        }
    return shown(storage(order, wanted).update(wanted["group"], wanted["name"], {"properties": properties}))


def delete(order, wanted):
    storage(order, wanted).delete(wanted["group"], wanted["name"])


def keys(order, wanted):
    return shown_keys(storage(order, wanted).list_keys(wanted["group"], wanted["name"], expand="kerb"))


def regenerate(order, wanted):
    got = storage(order, wanted).regenerate_key(wanted["group"], wanted["name"], {"keyName": wanted["keyName"]})
    return shown_keys(got)


def shown(account):
    return {
        "id": account.id,
        "location": account.location,
        "state": account.provisioning_state,
        "blob": account.primary_endpoints.blob,
        # Azure leaves it out until somebody sets it; that means allowed.
        "allowSharedKeyAccess": account.allow_shared_key_access is not False,
    }


def shown_keys(listed):
    return {
        "keys": [{"name": key.key_name, "value": key.value, "permissions": key.permissions} for key in listed.keys_property]
    }
