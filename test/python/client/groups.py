"""Subscriptions and resource groups."""

from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from resource_manager import client


def groups(order, wanted):
    return client(ResourceManagementClient, order, wanted["subscriptionId"]).resource_groups


def list_subscriptions(order, _):
    found = client(SubscriptionClient, order).subscriptions.list()
    return {"names": [one.subscription_id for one in found]}


def list_names(order, wanted):
    return {"names": [group.name for group in groups(order, wanted).list()]}


def create(order, wanted):
    made = groups(order, wanted).create_or_update(wanted["group"], {"location": wanted["location"]})
    return {"id": made.id, "location": made.location}


def get(order, wanted):
    got = groups(order, wanted).get(wanted["group"])
    return {"id": got.id, "state": got.properties.provisioning_state}


def delete(order, wanted):
    groups(order, wanted).begin_delete(wanted["group"]).result()
