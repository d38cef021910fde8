"""Does with Azure's own SDK for Python what the orders on stdin say, one JSON object a line, and answers each with one
on stdout. The same orders go to the Go client beside it; test/sdk/order.ts describes them.

One process carries out many orders, since importing the SDK takes a second. Each order brings its environment.
"""

import json
import logging
import os
import sys

import accounts
import blobs
import compute
import groups
import identities
import roles
import sas
from answers import failure
from sign_in import token

OPERATIONS = {
    "token": token,
    "container.create": blobs.create_container,
    "blob.put": blobs.put,
    "blob.putBlocks": blobs.put_blocks,
    "blob.get": blobs.get,
    "blob.list": blobs.list_names,
    "blob.delete": blobs.delete,
    "blob.properties": blobs.properties,
    "sas.account": sas.account,
    "sas.service": sas.service,
    "sas.delegation": sas.delegation,
    "subscriptions.list": groups.list_subscriptions,
    "groups.list": groups.list_names,
    "groups.create": groups.create,
    "groups.get": groups.get,
    "groups.delete": groups.delete,
    "accounts.create": accounts.create,
    "accounts.get": accounts.get,
    "accounts.update": accounts.update,
    "accounts.delete": accounts.delete,
    "accounts.keys": accounts.keys,
    "accounts.regenerate": accounts.regenerate,
    "roleDefinitions.list": roles.list_definitions,
    "roleAssignments.create": roles.create_assignment,
    "roleAssignments.list": roles.list_assignments,
    "roleAssignments.delete": roles.delete_assignment,
    "identities.create": identities.create,
    "identities.get": identities.get,
    "identities.delete": identities.delete,
    "federations.create": identities.create_federation,
    "federations.list": identities.list_federations,
    "federations.delete": identities.delete_federation,
    **compute.OPERATIONS,
}


def carry_out(order):
    os.environ.clear()
    os.environ.update(order.get("environment", {}))
    try:
        return {"result": OPERATIONS[order["do"]](order, order.get("with", {}))}
    # Whatever the SDK throws is the answer: a refusal is what half of the tests are about.
    except Exception as error:  # pylint: disable=broad-except
        return failure(error)


def main():
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


main()
