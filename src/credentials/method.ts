import type { CredentialValues, Environment } from "../config/credentials-file.ts";
import type { ObjectStoreConfig } from "../config/location-keys.ts";
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

/** Everything that a choice depends on. */
export interface SignInInput {
  readonly config: ObjectStoreConfig;
  readonly values: CredentialValues;
  readonly env: Environment;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Where one value of the chosen method comes from; names only. */
export interface ValueSource {
  readonly value: string;
  readonly from: string;
}

export interface UsableCredential {
  readonly credential: StorageCredential;
  /** To be logged at warn: a token that expires soon, permissions that backups will miss, … */
  readonly warnings: readonly string[];
}

/** What a method says of a location: that it is meant, or why it is not. */
export type Claim =
  | {
      readonly taken: true;
      readonly sources: readonly ValueSource[];
      /** Makes the credential; absent while the method does not work yet. Throws as `chooseCredential` does. */
      readonly use?: () => UsableCredential;
    }
  | { readonly taken: false; readonly why: string };

/** One way to sign in. */
export interface MethodRule {
  readonly method: SignInMethod;
  /** Whether the location means this method. Throws InvalidArgument if it does but left something out. */
  consider(input: SignInInput): Claim;
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

export interface CredentialChoice extends UsableCredential {
  readonly explanation: SignInExplanation;
}
