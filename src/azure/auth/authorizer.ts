import type { HttpRequest } from "../http/transport.ts";

/**
 * Adds what proves to the service who is asking. Called anew for each attempt, since a signature covers the
 * request's date and a token may have run out meanwhile.
 *
 * Every authorizer is bound to the one origin it was made for and throws `Failure` (Internal) rather than add its
 * secret to a request for another.
 */
export interface Authorizer {
  /** The request with its authorisation; the given one stays as it was. */
  authorize(request: HttpRequest, signal: AbortSignal): HttpRequest | Promise<HttpRequest>;
}
