/** What goes wrong, instead of or on top of the right answer. */
export type FaultEffect =
  /** Answered in the service's own words; `retryAfterSeconds` becomes Retry-After. */
  | { readonly kind: "throttle"; readonly retryAfterSeconds?: number }
  /** Answered with this status and error code, in the service's own error format. */
  | { readonly kind: "fail"; readonly status: number; readonly code: string; readonly message?: string }
  | { readonly kind: "delay"; readonly milliseconds: number }
  /**
   * What was asked is done; the answer's body breaks off after so many bytes, and the connection with it. An answer without
   * a body is lost whole.
   */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** The token issued is expired already (Entra, IMDS), or one presented is taken for expired (the others). */
  | { readonly kind: "expire-token" }
  /** This service's idea of time is off by so much. */
  | { readonly kind: "skew-clock"; readonly milliseconds: number };

export interface Fault {
  readonly service: "entra" | "imds" | "resource-manager" | "blob";
  /** The operation's name in the service's own table, such as `token`, `storageAccounts/listKeys`, `PutBlock`; `*` for any. */
  readonly operation: string;
  readonly effect: FaultEffect;
  /** How often; 1 when absent. */
  readonly count?: number;
  /** How many matching requests pass unharmed before. */
  readonly after?: number;
}

/** Faults queued by a test. One that was not hit as often as it was queued for fails the test: see `assertSpent`. */
export interface FaultQueue {
  add(fault: Fault): void;
  /** The effects that this request suffers, each used up once by it. */
  take(service: Fault["service"], operation: string): readonly FaultEffect[];
  /** Throws, naming them, when queued faults are left. */
  assertSpent(): void;
  clear(): void;
}
