import { parentPort, workerData } from "node:worker_threads";
import { buffer } from "node:stream/consumers";
import { NodeTransport } from "../../../azure/http/node-transport.ts";
import { type HttpResponse, TransportError } from "../../../azure/http/transport.ts";
import { transportTrouble } from "../../../azure/http/trouble.ts";
import { createCrc64 } from "../crc64.ts";
import { receiveBody } from "../receive-body.ts";
import { YoungCollector } from "../young-collector.ts";
import type { Order, Result, SharedBytes, Trouble, WholeResponse, WorkerStart } from "./protocol.ts";

/**
 * The thread that hashes, sends and fetches the pieces of large objects. It knows no credential: requests come signed.
 */
async function main(): Promise<void> {
  if (parentPort === null) throw new Error("blocks.worker.ts runs as a worker thread only");
  const port = parentPort;
  const post = (result: Result): void => port.postMessage(result);
  const start: WorkerStart = workerData;
  const transport = new NodeTransport(start);
  const crc64 = await createCrc64();
  const collector = new YoungCollector();
  const running = new Map<number, AbortController>();

  const send = async ({ id, request, body, into }: Extract<Order, { kind: "send" }>): Promise<void> => {
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const target = into && view(into);
      const sent = { ...request, body: body && view(body), into: target };
      const response = await transport.send(sent, abort.signal);
      const { status, headers } = response;
      const good = status >= 200 && status < 300;
      const received =
        target !== undefined && good ? await receive(request.origin, response, target, collector) : undefined;
      const whole = received === undefined ? await buffer(response.body) : new Uint8Array(0);
      post({ kind: "answered", id, response: { status, headers, body: whole, received } });
    } catch (error) {
      post({ kind: "failed", id, trouble: troubleOf(error), message: messageOf(error) });
    } finally {
      running.delete(id);
    }
  };

  port.on("message", (order: Order) => {
    if (order.kind === "hash") post({ kind: "hashed", id: order.id, crc: crc64.of(view(order.piece)) });
    else if (order.kind === "cancel") running.get(order.id)?.abort();
    else void send(order);
  });
  post({ kind: "ready" });
}

/** What of a body came, and why it broke off, in words that cross to the other thread. */
async function receive(
  origin: string,
  response: HttpResponse,
  target: Uint8Array,
  collector: YoungCollector,
): Promise<NonNullable<WholeResponse["received"]>> {
  const { bytes, broken } = response.received ?? (await receiveBody(response.body, target, collector));
  if (broken === undefined) return { bytes, broken };
  return {
    bytes,
    broken: troubleOf(transportTrouble(broken, { host: new URL(origin).host, connected: true })),
  };
}

function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof TransportError)) return undefined;
  const { trouble, host, message, staleConnection } = error;
  return { trouble, host, message, staleConnection };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function view({ memory, offset, length }: SharedBytes): Uint8Array {
  return new Uint8Array(memory, offset, length);
}

void main();
