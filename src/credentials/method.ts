import type { Secret } from "../secret/secret.ts";

/** The ways to sign in, in the order in which they are looked at. */
export type SignInMethod =
  | "SAS token"
  | "account key"
  | "client secret"
  | "client certificate"
  | "workload identity"
  | "managed identity";

/** What requests to the blob service are signed with. */
export type StorageCredential =
  | {
      readonly kind: "account key";
      readonly account: string;
      /** Base64, as Azure gives it; known to decode. */
      readonly key: Secret;
    }
  | {
      readonly kind: "SAS token";
      /** Query string without a leading `?`, already URL-encoded, to be put behind every request's address. */
      readonly token: Secret;
    };

/** Where one value of the chosen method came from; names only. */
export interface ValueSource {
  readonly value: string;
  readonly from: string;
}

/** How a location signs in and why: safe to log and print, no secret is ever in it. */
export interface SignInExplanation {
  readonly account: string;
  readonly method: SignInMethod;
  /** The identity only fetches the account key through Resource Manager (`useAAD` absent or false). */
  readonly throughListKeys: boolean;
  readonly sources: readonly ValueSource[];
  /** Every other method in order, and why it was not taken. */
  readonly passedOver: readonly { readonly method: SignInMethod; readonly why: string }[];
}

export interface CredentialChoice {
  readonly credential: StorageCredential;
  readonly explanation: SignInExplanation;
  /** To be logged at warn: a token that expires soon, permissions that backups will miss, … */
  readonly warnings: readonly string[];
}
