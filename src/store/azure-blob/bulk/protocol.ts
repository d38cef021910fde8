import type { HttpRequest, TransportTrouble } from "../../../azure/http/transport.ts";
import type { NodeTransportSettings } from "../../../azure/http/node-transport.ts";

/** What the thread is started with. Plain data: it crosses by structured clone. */
export type WorkerStart = NodeTransportSettings;

/** A piece lies in shared memory, so that it is never copied from thread to thread. */
export interface SharedBytes {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/** To the thread. `id` pairs an order with its result. */
export type Order =
  | { readonly kind: "hash"; readonly id: number; readonly piece: SharedBytes }
  | {
      readonly kind: "send";
      readonly id: number;
      readonly request: Omit<HttpRequest, "body" | "into">;
      readonly body: SharedBytes | undefined;
      /** Where the body of a good answer goes. */
      readonly into: SharedBytes | undefined;
    }
  | { readonly kind: "cancel"; readonly id: number };

/** A body that does not go `into` memory is short (an error, or nothing); the thread reads it whole. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly received: { readonly bytes: number; readonly broken: Trouble | undefined } | undefined;
}

/** What a TransportError consists of: errors lose their class on the way between threads. */
export interface Trouble {
  readonly trouble: TransportTrouble;
  readonly host: string;
  readonly message: string;
  readonly staleConnection: boolean;
}

/** From the thread. The first one is `ready`. */
export type Result =
  | { readonly kind: "ready" }
  | { readonly kind: "hashed"; readonly id: number; readonly crc: bigint }
  | { readonly kind: "answered"; readonly id: number; readonly response: WholeResponse }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly trouble: Trouble | undefined;
      readonly message: string;
    };
