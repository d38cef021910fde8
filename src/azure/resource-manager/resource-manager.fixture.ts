import { silentLogger } from "../../log/logger.ts";
import { type Reply, type Route, RoutedTransport } from "../http/routed-transport.fixture.ts";
import { TurnedClock } from "../http/turned-clock.fixture.ts";
import { ResourceManager } from "./resource-manager.ts";

export const HOST = "management.azure.com";

export interface ManagerOptions {
  readonly apiVersion?: string;
  readonly address?: string;
}

/** A Resource Manager that answers what a test says, and a clock that needs no time. */
export function openManager(answer: Reply | Route, options: ManagerOptions = {}) {
  const route: Route = typeof answer === "function" ? answer : () => answer;
  const transport = new RoutedTransport({ [HOST]: route });
  const clock = new TurnedClock();
  const manager = new ResourceManager({
    address: `https://${HOST}`,
    transport,
    authorizer: {
      authorize: (given) => ({ ...given, headers: { ...given.headers, authorization: "Bearer t" } }),
    },
    userAgent: "test",
    logger: silentLogger,
    clock,
    ...options,
  });
  return { manager, transport, clock, sleeps: clock.sleeps };
}

/** Answers one after the other; one too many is the last one again. */
export function inTurn(...replies: readonly [Reply, ...Reply[]]): Route {
  let count = 0;
  // The index is never beyond the end, and the type says that there is one.
  return () => replies[Math.min(count++, replies.length - 1)] as Reply;
}
