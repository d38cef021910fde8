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

/** A request on its way. `arrived`: nothing has been done for it yet; `answered`: all has, but nothing was sent back. */
export interface PassingRequest extends Pick<LoggedRequest, "service" | "operation" | "method" | "path"> {
  readonly stage: "arrived" | "answered";
}

export interface RequestLog {
  entries(): readonly LoggedRequest[];
  clear(): void;
  /** Tells of each request that goes to an operation, for tests that act in its midst; until what it returns is called. */
  watch(hear: (passing: PassingRequest) => void): () => void;
  /** The handler, its requests logged. */
  of(service: Fault["service"], handler: Handler): Handler;
  /** The queue, through which the log learns which operation a request is. Handlers must be given this one. */
  readonly faults: FaultQueue;
}

const KEPT = 10_000;

export function requestLog(clock: SimulatedClock, faults: FaultQueue): RequestLog {
  // A handler asks for its faults under the operation's name while it answers: that is who asked.
  const current = new AsyncLocalStorage<{
    operation: string;
    readonly method: string;
    readonly path: string;
  }>();
  const watchers = new Set<(passing: PassingRequest) => void>();
  let entries: LoggedRequest[] = [];
  return {
    entries: () => entries,
    clear: () => {
      entries = [];
    },
    watch: (hear) => {
      watchers.add(hear);
      return () => watchers.delete(hear);
    },
    of: (service, handler) => async (request) => {
      const { method, path } = request;
      const note = { operation: "", method, path };
      const time = clock.now();
      const log = (status: number): void => {
        const { operation } = note;
        entries.push({ service, operation, method, path, time, status });
        if (entries.length > KEPT) entries.shift();
        if (operation === "") return;
        for (const hear of watchers) hear({ stage: "answered", service, operation, method, path });
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
        if (note !== undefined && note.operation === "") {
          note.operation = operation;
          const { method, path } = note;
          for (const hear of watchers) hear({ stage: "arrived", service, operation, method, path });
        }
        return faults.take(service, operation);
      },
    },
  };
}
