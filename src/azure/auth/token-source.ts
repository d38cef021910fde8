import type { Secret } from "../../secret/secret.ts";

/** A bearer token of a Microsoft Entra identity. */
export interface AccessToken {
  readonly token: Secret;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * What a bearer token is asked for, as the origin of a resource without a slash at its end:
 * `https://storage.azure.com`, `https://management.azure.com`, or a custom cloud's own.
 */
export type TokenAudience = string;

/**
 * How a location's identity gets tokens. One a location: nothing in it is shared with another location, and nothing
 * is read from the environment after it was made.
 *
 * Makes no request before the first token is asked for. A token is kept until shortly before it expires; whoever
 * asks meanwhile waits for the same request. What the identity proves itself with (credentials file, token file,
 * certificate) is read again for each request for a token, so that a rotated one works without a restart.
 */
export interface TokenSource {
  /**
   * Rejects with `Failure`: Unauthenticated for what the identity provider refuses, with its AADSTS code and the
   * remedy; InvalidArgument for proof that cannot be read; Unavailable when the provider does not answer; or with
   * `signal.reason`.
   */
  token(audience: TokenAudience, signal: AbortSignal): Promise<AccessToken>;
  /** A service refused this token although it had not expired: the next question gets another one. */
  refused(audience: TokenAudience, token: AccessToken): void;
}
