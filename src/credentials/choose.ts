import type { CredentialValues, Environment } from "../config/credentials-file.ts";
import type { ObjectStoreConfig } from "../config/location-keys.ts";
import { Failure } from "../errors/error.ts";
import type { CredentialChoice, SignInExplanation } from "./method.ts";

/** Everything that a choice depends on. `now` in milliseconds since 1970. */
export interface SignInInput {
  readonly config: ObjectStoreConfig;
  readonly values: CredentialValues;
  readonly env: Environment;
  readonly now: number;
}

/** How the location would sign in, whether or not that works today. Throws what `chooseCredential` throws but Unimplemented. */
export function explainSignIn(_input: SignInInput): SignInExplanation {
  throw new Failure("Unimplemented", "cannot choose a credential: not yet written");
}

/**
 * Chooses how a location signs in and makes its credential. Pure.
 *
 * Throws Failure: InvalidArgument for a value that is missing or unusable, Unauthenticated for a SAS token that
 * expired or is not yet valid, Unimplemented for a method that does not work yet.
 */
export function chooseCredential(_input: SignInInput): CredentialChoice {
  throw new Failure("Unimplemented", "cannot choose a credential: not yet written");
}
