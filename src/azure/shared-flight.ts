interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * One run of some work for all who ask for it while it runs. Who aborts stops waiting alone; the work itself is
 * aborted when nobody waits for it any more.
 */
export class SharedFlight<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #flight: Flight<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  async join(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const flight = (this.#flight ??= this.#start());
    flight.waiting++;
    try {
      return await unlessAborted(flight.result, signal);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) {
        this.#leave(flight);
      }
    }
  }

  #start(): Flight<T> {
    const controller = new AbortController();
    const flight = { result: this.#work(controller.signal), controller, waiting: 0 };
    const over = (): void => this.#forget(flight);
    flight.result.then(over, over);
    return flight;
  }

  #leave(flight: Flight<T>): void {
    if (this.#flight === flight) {
      this.#forget(flight);
      flight.controller.abort();
    }
  }

  #forget(flight: unknown): void {
    if (this.#flight === flight) {
      this.#flight = undefined;
    }
  }
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
