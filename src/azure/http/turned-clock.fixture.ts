import type { Clock } from "./pipeline.ts";

/**
 * A clock for tests: whenever nothing else happens any more, the time of whoever sleeps the shortest has come. So sleeps
 * that overlap do so here, too.
 */
export class TurnedClock implements Clock {
  /** What was asked for, in order. */
  readonly sleeps: number[] = [];
  #time = 0;
  #turning = false;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  readonly now = (): number => this.#time;
  readonly random = (): number => 0.4;

  readonly sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      this.sleeps.push(milliseconds);
      const stop = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const sleeper = { until: this.#time + milliseconds, wake };
      signal.addEventListener("abort", stop, { once: true });
      this.#sleepers.add(sleeper);
      this.#turn();
    });

  #turn(): void {
    if (this.#turning || this.#sleepers.size === 0) {
      return;
    }
    this.#turning = true;
    // Twice: what a stream does between two reads takes one.
    setImmediate(() =>
      setImmediate(() => {
        this.#turning = false;
        const [first] = [...this.#sleepers].toSorted((a, b) => a.until - b.until);
        if (first !== undefined) {
          this.#sleepers.delete(first);
          this.#time = Math.max(this.#time, first.until);
          first.wake();
        }
        this.#turn();
      }),
    );
  }
}
