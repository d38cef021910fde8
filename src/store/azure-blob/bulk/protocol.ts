import type { HttpRequest, TransportTrouble } from "../../../azure/http/transport.ts";
import type { NodeTransportSettings } from "../../../azure/http/node-transport.ts";

/** What the thread is started with. Plain data: it crosses by structured clone. */
export type WorkerStart = NodeTransportSettings;

/** A block lies in shared memory, so that it is hashed and sent from where the host's bytes were put. */
export interface SharedBytes {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/** To the thread. `id` pairs an order with its result. */
export type Order =
  | { readonly kind: "hash"; readonly id: number; readonly block: SharedBytes }
  | {
      readonly kind: "send";
      readonly id: number;
      readonly request: Omit<HttpRequest, "body">;
      readonly body: SharedBytes | undefined;
    }
  | { readonly kind: "cancel"; readonly id: number };

/** Answers to requests that store something are short; the thread reads them whole. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a TransportError consists of: errors lose their class on the way between threads. */
export interface Trouble {
  readonly trouble: TransportTrouble;
  readonly host: string;
  readonly message: string;
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
