import type { SimulatedClock } from "../../simulator/core/clock.ts";
import type { Clock } from "../../src/azure/http/pipeline.ts";

interface Sleeper {
  readonly wakesAt: number;
  readonly wake: () => void;
}

/** After so many turns of the event loop in which nothing was asked, everybody sleeps. */
const QUIET_TURNS = 8;

/** Turns the simulated time on to the next one who wakes, whenever everybody sleeps: hours pass in no time. */
export class TurnedClock implements Clock {
  readonly #clock: SimulatedClock;
  readonly #sleepers = new Set<Sleeper>();
  #underWay = 0;
  #quiet = 0;
  #turning = false;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  readonly now = (): number => this.#clock.now();

  readonly random = (): number => 0.5;

  readonly sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const sleeper = { wakesAt: this.now() + milliseconds, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        if (this.#sleepers.delete(sleeper)) reject(signal.reason);
      });
      this.#turn();
    });
  };

  /** Time stands still while this is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      this.#quiet = 0;
    }
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#quiet = 0;
    const look = (): void => {
      this.#quiet = this.#underWay === 0 ? this.#quiet + 1 : 0;
      if (this.#quiet > QUIET_TURNS) this.#wakeNext();
      if (this.#sleepers.size === 0) this.#turning = false;
      else setImmediate(look);
    };
    setImmediate(look);
  }

  #wakeNext(): void {
    const [next] = [...this.#sleepers].toSorted((a, b) => a.wakesAt - b.wakesAt);
    if (next === undefined) return;
    this.#sleepers.delete(next);
    this.#clock.advance(Math.max(0, next.wakesAt - this.now()));
    this.#quiet = 0;
    next.wake();
  }
}
