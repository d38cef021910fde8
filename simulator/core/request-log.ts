import { AsyncLocalStorage } from "node:async_hooks";
import type { Handler } from "../http/message.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Fault, FaultQueue } from "./faults.ts";

/** One request that was answered. Holds nothing secret: no header, and of the address no query. */
export interface LoggedRequest {
  readonly service: Fault["service"] | "control";
  /** As faults name it; empty when the request went to no operation. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** Simulated milliseconds since 1970 of its arrival. */
  readonly time: number;
  /** 0 for a handler that failed. */
  readonly status: number;
}

export interface RequestLog {
  entries(): readonly LoggedRequest[];
  clear(): void;
  /** The handler, its requests logged. */
  of(service: Fault["service"], handler: Handler): Handler;
  /** The queue, through which the log learns which operation a request is. Handlers must be given this one. */
  readonly faults: FaultQueue;
}

const KEPT = 10_000;

export function requestLog(clock: SimulatedClock, faults: FaultQueue): RequestLog {
  // A handler asks for its faults under the operation's name while it answers: that is who asked.
  const current = new AsyncLocalStorage<{ operation: string }>();
  let entries: LoggedRequest[] = [];
  return {
    entries: () => entries,
    clear: () => {
      entries = [];
    },
    of: (service, handler) => async (request) => {
      const note = { operation: "" };
      const time = clock.now();
      const log = (status: number): void => {
        const { method, path } = request;
        entries.push({ service, operation: note.operation, method, path, time, status });
        if (entries.length > KEPT) entries.shift();
      };
      try {
        const response = await current.run(note, () => handler(request));
        log(response.status);
        return response;
      } catch (error) {
        log(0);
        throw error;
      }
    },
    faults: {
      ...faults,
      take: (service, operation) => {
        const note = current.getStore();
        if (note !== undefined) note.operation = operation;
        return faults.take(service, operation);
      },
    },
  };
}
