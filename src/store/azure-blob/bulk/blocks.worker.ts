import { parentPort, workerData } from "node:worker_threads";
import { buffer } from "node:stream/consumers";
import { NodeTransport } from "../../../azure/http/node-transport.ts";
import { TransportError } from "../../../azure/http/transport.ts";
import { createCrc64 } from "../crc64.ts";
import type { Order, Result, SharedBytes, WorkerStart } from "./protocol.ts";

/**
 * The thread that hashes and sends the blocks of large objects. It knows no credential: requests come signed.
 */
async function main(): Promise<void> {
  if (parentPort === null) throw new Error("blocks.worker.ts runs as a worker thread only");
  const port = parentPort;
  const post = (result: Result): void => port.postMessage(result);
  const start: WorkerStart = workerData;
  const transport = new NodeTransport(start);
  const crc64 = await createCrc64();
  const running = new Map<number, AbortController>();

  const send = async (order: Extract<Order, { kind: "send" }>): Promise<void> => {
    const { id, body } = order;
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const request = { ...order.request, body: body === undefined ? undefined : view(body) };
      const response = await transport.send(request, abort.signal);
      const whole = { status: response.status, headers: response.headers, body: await buffer(response.body) };
      post({ kind: "answered", id, response: whole });
    } catch (error) {
      const trouble =
        error instanceof TransportError
          ? { trouble: error.trouble, host: error.host, message: error.message }
          : undefined;
      post({ kind: "failed", id, trouble, message: error instanceof Error ? error.message : String(error) });
    } finally {
      running.delete(id);
    }
  };

  port.on("message", (order: Order) => {
    if (order.kind === "hash") post({ kind: "hashed", id: order.id, crc: crc64.of(view(order.block)) });
    else if (order.kind === "cancel") running.get(order.id)?.abort();
    else void send(order);
  });
  post({ kind: "ready" });
}

function view({ memory, offset, length }: SharedBytes): Uint8Array {
  return new Uint8Array(memory, offset, length);
}

void main();
