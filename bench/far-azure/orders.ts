/** A way for a location to sign in. */
export interface SignIn {
  readonly by:
    | "account key"
    | "SAS token"
    | "client secret"
    | "client certificate"
    | "workload identity"
    | "system-assigned identity"
    | "user-assigned identity";
  /** Of an identity: `token` for useAAD, `listed key` for the account key that it lists. */
  readonly through?: "token" | "listed key";
}

/** A location that nobody has used. */
export interface FreshLocation {
  readonly bucket: string;
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Disks that nobody has taken a snapshot of. */
export interface FreshVolumes {
  readonly subscriptionId: string;
  /** Volume IDs as both plugins understand them. */
  readonly volumes: readonly string[];
  /** As Velero reads it from a PersistentVolume's labels. */
  readonly zone: string;
  /** Of the volume snapshot location. */
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** A request that one of the simulated services was sent. */
export interface SeenRequest {
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** What the process of the simulator is asked, in a message. */
export type Order =
  | { readonly call: "location"; readonly signIn: SignIn }
  | { readonly call: "volumes"; readonly count: number }
  /** All since the last location or volumes were made. */
  | { readonly call: "requests" };

export type Answer =
  | { readonly location: FreshLocation }
  | { readonly volumes: FreshVolumes }
  | { readonly requests: readonly SeenRequest[] }
  | { readonly failure: string }
  | { readonly ready: true };
