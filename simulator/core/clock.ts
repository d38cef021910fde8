/** The simulated world's time. Tokens expire, keys run out and operations proceed by it, and tests turn it. */
export interface SimulatedClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Moves time on, for everybody in this world. */
  advance(milliseconds: number): void;
}

/** The system's time, plus what was added by hand. */
export function steerableClock(base: () => number = Date.now): SimulatedClock {
  let ahead = 0;
  return {
    now: () => base() + ahead,
    advance: (milliseconds) => {
      ahead += milliseconds;
    },
  };
}
