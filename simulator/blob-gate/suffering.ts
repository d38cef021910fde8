import { setTimeout as delay } from "node:timers/promises";
import type { FaultEffect, FaultQueue } from "../core/faults.ts";
import { QueuedRefusal, Refusal } from "./refusal.ts";

/** What queued faults leave of a request that they did not end. */
export interface Suffering {
  readonly skewMilliseconds: number;
  readonly expireToken: boolean;
  readonly cutAfter: number | undefined;
}

/** Takes the operation's faults: waits for delays, throws what is to be answered, tells the rest. */
export async function suffer(faults: FaultQueue, operation: string): Promise<Suffering> {
  const effects = faults.take("blob", operation);
  let skewMilliseconds = 0;
  for (const effect of effects) {
    if (effect.kind === "delay") {
      await delay(effect.milliseconds);
    } else if (effect.kind === "skew-clock") {
      skewMilliseconds += effect.milliseconds;
    }
  }
  for (const effect of effects) {
    throwIfFailing(effect);
  }
  const cut = effects.find((effect) => effect.kind === "cut");
  const expireToken = effects.some((effect) => effect.kind === "expire-token");
  return { skewMilliseconds, expireToken, cutAfter: cut?.afterBytes };
}

function throwIfFailing(effect: FaultEffect): void {
  if (effect.kind === "throttle") {
    const seconds = effect.retryAfterSeconds;
    throw new Refusal(
      "ServerBusy",
      seconds === undefined ? {} : { headers: { "retry-after": String(seconds) } },
    );
  }
  if (effect.kind === "fail") {
    throw new QueuedRefusal(effect.status, effect.code, effect.message);
  }
}
