import type { HttpRequest, HttpResponse } from "../http/transport.ts";

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
  /**
   * Told of an answer 401 or 403 to what `authorize` made, once in the life of a request: whether to send it again,
   * authorised anew, because the proof had been withdrawn before its time (a token, an account key that was rotated).
   * Looks at status and headers alone; the body is the pipeline's. Absent: never.
   */
  refused?(authorized: HttpRequest, response: HttpResponse, signal: AbortSignal): Promise<boolean>;
}
