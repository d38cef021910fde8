import type { Fault, FaultEffect, FaultQueue } from "./faults.ts";

/** A fault that is waiting, as a test or the control port sees it. */
export interface UnspentFault extends Fault {
  /** How often it is still to hit. */
  readonly left: number;
}

export interface InspectableFaultQueue extends FaultQueue {
  unspent(): readonly UnspentFault[];
}

interface Waiting {
  readonly fault: Fault;
  left: number;
  toPass: number;
}

/**
 * Faults in memory, in the order they were queued. One request suffers at most one effect of a kind, and of "throttle" and
 * "fail" only one, since it can be answered only once: what is queued behind hits the requests after it.
 */
export function faultQueue(): InspectableFaultQueue {
  let queue: Waiting[] = [];
  const unspent = (): readonly UnspentFault[] => queue.map(({ fault, left }) => ({ ...fault, left }));
  return {
    add: (fault) => {
      queue.push({ fault, left: fault.count ?? 1, toPass: fault.after ?? 0 });
    },
    take: (service, operation) => {
      const effects = hit(queue, service, operation);
      queue = queue.filter(({ left }) => left > 0);
      return effects;
    },
    unspent,
    assertSpent: () => {
      if (queue.length > 0) {
        throw new Error(`faults were queued and not hit: ${queue.map(inWords).join("; ")}`);
      }
    },
    clear: () => {
      queue = [];
    },
  };
}

function hit(queue: readonly Waiting[], service: Fault["service"], operation: string): FaultEffect[] {
  const effects = new Map<string, FaultEffect>();
  for (const waiting of queue) {
    const { fault } = waiting;
    if (fault.service !== service || (fault.operation !== "*" && fault.operation !== operation)) continue;
    if (waiting.toPass > 0) {
      waiting.toPass -= 1;
      continue;
    }
    const slot = fault.effect.kind === "throttle" ? "fail" : fault.effect.kind;
    if (effects.has(slot)) continue;
    effects.set(slot, fault.effect);
    waiting.left -= 1;
  }
  return [...effects.values()];
}

function inWords({ fault, left, toPass }: Waiting): string {
  const pass = toPass > 0 ? `, ${toPass} requests too early` : "";
  return `${fault.effect.kind} of ${fault.service} ${fault.operation}, ${left} left${pass}`;
}
