/** What each kind of location key is in the typed config. */
export interface KindValues {
  text: string | undefined;
  /** A name that can stand in a host name. */
  "account name": string | undefined;
  /** Go's ParseBool words; absent is false. */
  boolean: boolean;
  /** Absolute http or https address without user, query, fragment and trailing slash. */
  endpoint: string | undefined;
  /** Bytes, 1 to 4000 MiB; undefined means that the driver chooses. */
  "block size": number | undefined;
  /** The name of a key in the credentials file. */
  "credential name": string | undefined;
  /** PEM text with at least one certificate. */
  certificates: string | undefined;
  /** Whether any value is there. */
  presence: boolean;
}
