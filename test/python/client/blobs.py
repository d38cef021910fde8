"""Blobs by bearer token, account key or SAS, whichever the order has."""

from azure.storage.blob import BlobBlock, BlobServiceClient

from sign_in import credential, retries


def storage_retries(order):
    """The storage client waits 15 seconds before it tries again, unless it is told in words of its own."""
    if "retries" not in order:
        return {}
    wait = order["retries"].get("delaySeconds", 0)
    return {**retries(order), "initial_backoff": wait, "increment_base": 1, "random_jitter_range": 0}


def service(order, wanted):
    options = storage_retries(order)
    audience = order.get("cloud", {}).get("storageAudience")
    if audience:
        options["audience"] = audience
    if "sas" in wanted:
        authorization = wanted["sas"]
    elif "accountKey" in wanted:
        authorization = {"account_name": wanted["account"], "account_key": wanted["accountKey"]}
    elif "signIn" in order:
        authorization = credential(order)
    else:
        authorization = None
    return BlobServiceClient(wanted["endpoint"], credential=authorization, **options)


def blob(order, wanted):
    return service(order, wanted).get_blob_client(wanted["container"], wanted["name"])


def create_container(order, wanted):
    service(order, wanted).create_container(wanted["container"])


def put(order, wanted):
    stored = blob(order, wanted).upload_blob(wanted.get("text", "").encode(), overwrite=True)
    return {"etag": stored["etag"]}


def put_blocks(order, wanted):
    client = blob(order, wanted)
    blocks = []
    for index, text in enumerate(wanted["blocks"]):
        # Encoded by the SDK once more: what Azure sees decodes to this.
        name = f"{index:08d}"
        client.stage_block(name, text.encode())
        blocks.append(BlobBlock(name))
    client.commit_block_list(blocks)


def get(order, wanted):
    return {"text": blob(order, wanted).download_blob().readall().decode()}


def list_names(order, wanted):
    container = service(order, wanted).get_container_client(wanted["container"])
    found = container.list_blobs(name_starts_with=wanted.get("prefix"))
    return {"names": [item.name for item in found]}


def delete(order, wanted):
    blob(order, wanted).delete_blob()


def properties(order, wanted):
    return {"size": blob(order, wanted).get_blob_properties().size}
