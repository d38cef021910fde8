"""SAS tokens, signed by the SDK: with an account key, or with a user delegation key that it asks the service for."""

from datetime import datetime, timezone

from azure.storage.blob import (
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from blobs import service as service_client


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


def lifetime(wanted):
    return {"start": moment(wanted["starts"]), "expiry": moment(wanted["expires"]), "protocol": "https"}


def account(_, wanted):
    signed = generate_account_sas(
        wanted["account"],
        wanted["accountKey"],
        ResourceTypes(service=True, container=True, object=True),
        wanted["permissions"],
        **lifetime(wanted),
    )
    return {"sas": signed}


def service(_, wanted):
    return {"sas": sign(wanted, account_key=wanted["accountKey"])}


def delegation(order, wanted):
    key_expires = wanted.get("keyExpires", wanted["expires"])
    key = service_client(order, wanted).get_user_delegation_key(moment(wanted["starts"]), moment(key_expires))
    return {"sas": sign(wanted, user_delegation_key=key)}


def sign(wanted, **key):
    options = {**key, "permission": wanted["permissions"], **lifetime(wanted)}
    if "name" in wanted:
        return generate_blob_sas(wanted["account"], wanted["container"], wanted["name"], **options)
    return generate_container_sas(wanted["account"], wanted["container"], **options)
