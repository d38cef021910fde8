"""What an order brought, in words that do not depend on the SDK's language."""

import re

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CredentialUnavailableError


def failure(error):
    """Tells who refused: Entra or IMDS ("sign-in"), a service, or the client itself before it asked anybody."""
    failed = {"kind": "client", "message": str(error)}
    response = getattr(error, "response", None)
    if response is not None and getattr(response, "status_code", None) is not None:
        failed["status"] = response.status_code
    if is_sign_in(error):
        failed["kind"] = "sign-in"
        code = re.search(r"AADSTS\d+", str(error))
        if code:
            failed["code"] = code.group()
    elif isinstance(error, HttpResponseError):
        failed["kind"] = "service"
        failed["code"] = code_of(error)
    return {"failed": failed}


def is_sign_in(error):
    """The storage client has ClientAuthenticationError for a service's 401 and 403, too: those have a code of theirs."""
    if isinstance(error, CredentialUnavailableError):
        return True
    return isinstance(error, ClientAuthenticationError) and code_of(error) == ""


def code_of(error):
    storage = getattr(error, "error_code", None)
    if storage is not None:
        return str(getattr(storage, "value", storage))
    management = getattr(error, "error", None)
    if management is not None and getattr(management, "code", None):
        return management.code
    return ""
