"""Disks, snapshots, disk encryption sets and disk accesses.

Bodies are JSON as the REST API has it, and go through the SDK's models; what comes back does, too.
"""

from azure.mgmt.compute import ComputeManagementClient, models

from resource_manager import client


def compute(order, wanted):
    return client(ComputeManagementClient, order, wanted["subscriptionId"])


def kind_of_resource(attribute, model, update):
    """What all kinds of resource can do alike; `attribute` is what the SDK's client has them under."""

    def operations(order, wanted):
        return getattr(compute(order, wanted), attribute)

    def create(order, wanted):
        body = model(wanted["body"])
        made = operations(order, wanted).begin_create_or_update(wanted["group"], wanted["name"], body)
        return made.result().as_dict()

    def get(order, wanted):
        return operations(order, wanted).get(wanted["group"], wanted["name"]).as_dict()

    def change(order, wanted):
        body = update(wanted["body"])
        return operations(order, wanted).begin_update(wanted["group"], wanted["name"], body).result().as_dict()

    def delete(order, wanted):
        operations(order, wanted).begin_delete(wanted["group"], wanted["name"]).result()

    def list_all(order, wanted):
        if "group" in wanted:
            found = operations(order, wanted).list_by_resource_group(wanted["group"])
        else:
            found = operations(order, wanted).list()
        return {"names": [one.name for one in found]}

    def grant(order, wanted):
        access = models.GrantAccessData(wanted["body"])
        granted = operations(order, wanted).begin_grant_access(wanted["group"], wanted["name"], access)
        return {"sas": granted.result().access_sas}

    def revoke(order, wanted):
        operations(order, wanted).begin_revoke_access(wanted["group"], wanted["name"]).result()

    return {
        "create": create,
        "get": get,
        "update": change,
        "delete": delete,
        "list": list_all,
        "grant": grant,
        "revoke": revoke,
    }


def list_skus(order, wanted):
    found = compute(order, wanted).resource_skus.list(filter=wanted.get("filter"))
    return {"skus": [sku.as_dict() for sku in found if sku.resource_type == wanted["resourceType"]]}


KINDS = {
    "disks": kind_of_resource("disks", models.Disk, models.DiskUpdate),
    "snapshots": kind_of_resource("snapshots", models.Snapshot, models.SnapshotUpdate),
    "diskEncryptionSets": kind_of_resource(
        "disk_encryption_sets", models.DiskEncryptionSet, models.DiskEncryptionSetUpdate
    ),
    "diskAccesses": kind_of_resource("disk_accesses", models.DiskAccess, models.DiskAccessUpdate),
}

OPERATIONS = {
    f"{kind}.{what}": operation for kind, operations in KINDS.items() for what, operation in operations.items()
}
OPERATIONS["skus.list"] = list_skus
