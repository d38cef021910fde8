import { once } from "node:events";
import { Failure } from "../../errors/error.ts";
import { HealthCheckResponse, HealthDefinition } from "../gen/grpc/health.ts";
import { HealthCheckRequest } from "../gen/grpc/health.ts";
import {
  GRPCBrokerDefinition,
  GRPCControllerDefinition,
  GRPCStdioDefinition,
} from "../gen/goplugin/plugin.ts";
import { readRequest, type CallHandler } from "../grpc/server-call.ts";
import { implement, type ServiceHandlers } from "../grpc/service.ts";

/** The name under which go-plugin's host asks for our health (hashicorp/go-plugin, grpc_server.go). */
const HEALTH_SERVICE = "plugin";

/** Every ServingStatus but SERVING would make the host give the plugin up. */
const SERVING = { status: 1 } as const;

/** Health, as go-plugin's host asks for it. */
export function healthService(): ServiceHandlers {
  return implement(HealthDefinition, {
    check: async ({ service }) => {
      if (service !== HEALTH_SERVICE && service !== "") {
        throw new Failure("NotFound", `cannot tell the health of "${service}": no such service`);
      }
      return SERVING;
    },
    watch: async (call) => {
      await readRequest(call, HealthCheckRequest);
      await call.send([HealthCheckResponse.encode(SERVING).finish()]);
      await untilAborted(call.signal);
    },
  });
}

/**
 * The host's request to end. It is answered first, since go-plugin kills a plugin that drops it; then nothing is waited
 * for, since the host hangs up as soon as it has the answer.
 */
export function controllerService(end: () => void): ServiceHandlers {
  return implement(GRPCControllerDefinition, {
    shutdown: async (_request, signal) => {
      // The signal fires when the stream is over: the answer is out.
      signal.addEventListener("abort", end, { once: true });
      return {};
    },
  });
}

/**
 * Streams that go-plugin opens at its start and leaves open: the broker, through which a plugin could ask its host
 * for further connections, and the copy of stdout. This plugin writes neither, but must hold both open.
 */
export function idleStreams(): ServiceHandlers {
  const hold: CallHandler = async (call) => {
    await Promise.race([call.reader.discardRest(), untilAborted(call.signal)]);
    await untilAborted(call.signal);
  };
  return new Map([
    ...implement(GRPCBrokerDefinition, { startStream: hold }),
    ...implement(GRPCStdioDefinition, { streamStdio: hold }),
  ]);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
