"""What all clients of Resource Manager take alike."""

from sign_in import credential, retries


def client(kind, order, *arguments):
    """Makes the client with the order's identity and cloud; the arguments follow the credential."""
    cloud = order.get("cloud", {})
    # Without a wait that the service names, the SDK polls every half minute.
    options = {"polling_interval": 1, **retries(order)}
    if "resourceManager" in cloud:
        options["base_url"] = cloud["resourceManager"]
        options["credential_scopes"] = [cloud["resourceManagerAudience"] + "/.default"]
    return kind(credential(order), *arguments, **options)
