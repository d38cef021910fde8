/** What was being done, for the message of a failure; and what the hints need to know of the location. */
export interface Operation {
  /** A verb: `put`, `get`, `list`. */
  readonly verb: string;
  readonly account: string;
  readonly container: string;
  readonly key?: string | undefined;
  /** Of the endpoint. */
  readonly host: string;
  readonly signIn: SignIn;
}

/** How the location signs in, as far as a hint may say. */
export type SignIn =
  | { readonly kind: "sharedKey" }
  | {
      readonly kind: "sas";
      readonly expires: number | undefined;
      readonly permissions: string | undefined;
    };

/** `cannot put "key" in container "c" of account "a"`. */
export function describeOperation({ verb, key, container, account }: Operation): string {
  const place = `container "${container}" of account "${account}"`;
  return key === undefined ? `cannot ${verb} ${place}` : `cannot ${verb} "${key}" in ${place}`;
}
