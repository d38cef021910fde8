import { ManagementError } from "../errors.ts";

/** The provider's ordinary refusal of a request's content. `target` names the property. */
export function invalidParameter(message: string, target: string): ManagementError {
  return new ManagementError(400, "InvalidParameter", message, {}, { target });
}

export function badRequest(message: string): ManagementError {
  return new ManagementError(400, "BadRequest", message);
}

/** What the state of a resource does not allow. */
export function notAllowed(message: string): ManagementError {
  return new ManagementError(409, "OperationNotAllowed", message);
}

export function missing(parameter: string): ManagementError {
  return invalidParameter(`Required parameter '${parameter}' is missing (null).`, parameter);
}
