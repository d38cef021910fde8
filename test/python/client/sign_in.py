"""The order's way to sign in, as one of azure-identity's credentials."""

from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)


def retries(order):
    """Keywords for any of the SDK's clients."""
    wanted = order.get("retries")
    if wanted is None:
        return {}
    return {"retry_total": wanted["max"], "retry_backoff_factor": wanted.get("delaySeconds", 0)}


def credential(order):
    how = order["signIn"]
    options = retries(order)
    method = how["method"]
    if method == "managed-identity":
        if "resourceId" in how:
            options["identity_config"] = {"resource_id": how["resourceId"]}
        return ManagedIdentityCredential(client_id=how.get("clientId"), **options)
    authority = order.get("cloud", {}).get("authority")
    if authority:
        options["authority"] = authority
    if "disableInstanceDiscovery" in how:
        options["disable_instance_discovery"] = how["disableInstanceDiscovery"]
    if method == "default":
        return DefaultAzureCredential(**options)
    if "additionallyAllowedTenants" in how:
        options["additionally_allowed_tenants"] = how["additionallyAllowedTenants"]
    if method == "client-secret":
        return ClientSecretCredential(how["tenantId"], how["clientId"], how["clientSecret"], **options)
    if method == "certificate":
        return CertificateCredential(
            how["tenantId"],
            how["clientId"],
            how["certificatePath"],
            password=how.get("certificatePassword"),
            send_certificate_chain=how.get("sendCertificateChain", False),
            **options,
        )
    if method == "workload-identity":
        return WorkloadIdentityCredential(
            tenant_id=how.get("tenantId"),
            client_id=how.get("clientId"),
            token_file_path=how.get("tokenFilePath"),
            **options,
        )
    raise ValueError(f'no way to sign in is called "{method}"')


def token(order, wanted):
    options = {"tenant_id": wanted["tenantId"]} if "tenantId" in wanted else {}
    got = credential(order).get_token(wanted["scope"], **options)
    return {"token": got.token, "expiresOn": got.expires_on}
