import type { Secret } from "../../secret/secret.ts";

/** A bearer token of a Microsoft Entra identity. */
export interface AccessToken {
  readonly token: Secret;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * What a bearer token is asked for: one of a `Cloud`'s audiences. `https://storage.azure.com`,
 * `https://management.azure.com`, or a custom cloud's own, exactly as that cloud writes it.
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
   * `signal.reason`. Who aborts stops waiting alone: others who wait for the same request get its token.
   *
   * `tenant`: of a service that told, in its challenge, that it belongs to another tenant than the token's.
   * FailedPrecondition when AZURE_ADDITIONALLY_ALLOWED_TENANTS does not allow it.
   */
  token(audience: TokenAudience, signal: AbortSignal, tenant?: string): Promise<AccessToken>;
  /** A service refused this token although it had not expired: the next question gets another one. */
  refused(audience: TokenAudience, token: AccessToken): void;
}
