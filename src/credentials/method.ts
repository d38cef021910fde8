import type { CredentialValues, Environment } from "../config/credentials-file.ts";
import type { ObjectStoreConfig } from "../config/location-keys.ts";
import type { Secret } from "../secret/secret.ts";
import type { CloudChoice } from "./cloud.ts";
import type { Identity, IdentityMethod } from "./identity.ts";

/** The ways to sign in, in the order in which they are looked at. */
export type SignInMethod = "SAS token" | "account key" | IdentityMethod;

/** What requests to the blob service are signed with. */
export type StorageCredential =
  | {
      readonly kind: "account key";
      readonly account: string;
      /** Base64, as Azure gives it; known to decode. */
      readonly key: Secret;
      /**
       * The key as the credentials file holds it now: the same object until the file changes. `key` when what the
       * file holds now cannot be used. Cheap enough to be asked before each request. Absent: it stays `key`.
       */
      readonly fresh?: (() => Secret) | undefined;
    }
  | {
      readonly kind: "SAS token";
      /** Query string without a leading `?`, already URL-encoded, to be put behind every request's address. */
      readonly token: Secret;
      /** As `fresh` of an account key. */
      readonly fresh?: (() => Secret) | undefined;
    }
  | IdentityCredential;

/** A Microsoft Entra identity: `openTokenSource` gets its tokens. */
export interface IdentityCredential {
  readonly kind: "identity";
  readonly identity: Identity;
  /**
   * The identity only fetches the account key through Resource Manager (`useAAD` absent or false). Always false for a
   * volume snapshot location.
   */
  readonly throughListKeys: boolean;
}

/** What signing in reads of a volume snapshot location's config. It has no account: only identities sign in there. */
export interface SnapshotSignInConfig {
  readonly storageAccount?: undefined;
  readonly activeDirectoryAuthorityURI: string | undefined;
}

/** Everything that a choice depends on. */
export interface SignInInput<C = ObjectStoreConfig | SnapshotSignInConfig> {
  readonly config: C;
  readonly values: CredentialValues;
  /**
   * The values as the file holds them later (`LiveCredentials.current`); only the returned credential calls it.
   * Absent: the values stay as they are.
   */
  readonly current?: (() => CredentialValues) | undefined;
  /** Told when the file changed to what cannot be used: what it held before goes on. */
  readonly unusable?: ((error: unknown) => void) | undefined;
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
      /** Makes the credential. Throws as `chooseCredential` does. */
      readonly use: () => UsableCredential;
    }
  | { readonly taken: false; readonly why: string };

/** A way to sign in with something of the storage account itself. */
export interface AccountRule {
  readonly method: Exclude<SignInMethod, IdentityMethod>;
  /** Whether the location means this method. Throws InvalidArgument if it does but left something out. */
  consider(input: SignInInput<ObjectStoreConfig>): Claim;
}

/** What an identity's method says of a location. */
export type IdentityClaim =
  | {
      readonly taken: true;
      readonly sources: readonly ValueSource[];
      readonly identity: Identity;
    }
  | { readonly taken: false; readonly why: string };

/** A way to sign in as an identity of Microsoft Entra. */
export interface IdentityRule {
  readonly method: IdentityMethod;
  /** As of an account's rule. */
  consider(input: SignInInput): IdentityClaim;
}

/** How a location signs in and why: safe to log and print, no secret is ever in it. */
export interface SignInExplanation {
  /** Undefined for a volume snapshot location. */
  readonly account: string | undefined;
  readonly method: SignInMethod;
  /** The identity only fetches the account key through Resource Manager (`useAAD` absent or false). */
  readonly throughListKeys: boolean;
  readonly sources: readonly ValueSource[];
  /** Every other method in order, and why it was not taken. */
  readonly passedOver: readonly { readonly method: SignInMethod; readonly why: string }[];
  /** The cloud's name and what named it. */
  readonly cloud: ValueSource;
  /** Of an identity: where it signs in, and what its first token is for; what only the cloud can tell says so. */
  readonly authority?: ValueSource;
  readonly audience?: ValueSource;
}

export interface CredentialChoice extends UsableCredential {
  readonly explanation: SignInExplanation;
  readonly cloud: CloudChoice;
}

/** The choice for a location that only an identity can sign in to. */
export interface IdentityChoice extends CredentialChoice {
  readonly credential: IdentityCredential;
}
