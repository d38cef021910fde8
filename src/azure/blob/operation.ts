/** What was being done, for the message of a failure. */
export interface Subject {
  /** A verb: `put`, `get`, `list`. */
  readonly verb: string;
  readonly account: string;
  readonly container: string;
  readonly key?: string | undefined;
}

/** And what the hints need to know of the location. */
export interface Operation extends Subject {
  /** Of the endpoint. */
  readonly host: string;
  readonly signIn: SignIn;
}

/** How the location signs in, as far as a hint may say. */
export type SignIn =
  | {
      readonly kind: "sharedKey";
      /** The key was asked for through Resource Manager. */
      readonly listed?: boolean;
    }
  | {
      readonly kind: "sas";
      readonly expires: number | undefined;
      readonly permissions: string | undefined;
    }
  | {
      readonly kind: "bearer";
      /** What is known of the identity: who it is, by the token that was used last. */
      readonly who: () => TokenOwner;
    };

/** Whom a token speaks of; nothing of it is secret. */
export interface TokenOwner {
  readonly objectId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly tenantId?: string | undefined;
}

/** `cannot put "key" in container "c" of account "a"`. */
export function describeOperation({ verb, key, container, account }: Subject): string {
  const place = `container "${container}" of account "${account}"`;
  return key === undefined ? `cannot ${verb} ${place}` : `cannot ${verb} "${key}" in ${place}`;
}
