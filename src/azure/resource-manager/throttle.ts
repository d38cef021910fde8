import type { Clock } from "../http/pipeline.ts";
import { pause } from "../http/deadline.ts";
import { requestedDelay } from "../http/retry.ts";
import type { HttpResponse } from "../http/transport.ts";

/** Of a wait that nobody tells; doubled with each refusal. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** Requests that may be under way at once before they are no longer counted. */
const PLENTY = 64;

export interface ThrottledRequest<T extends HttpResponse> {
  /** Requests of one bucket wait together. */
  readonly bucket: string;
  readonly send: () => Promise<T>;
  /** No wait ends later than this, milliseconds since 1970. */
  readonly until: number;
  /** What to throw instead of a wait, in milliseconds, that would end too late. */
  readonly refuse: (wait: number, answer: T | undefined) => Promise<Error>;
  readonly signal: AbortSignal;
}

/**
 * The waits that a Resource Manager asks for, shared by all who use it: it refuses with 429 what is too many, and
 * counts a subscription's reads, writes and deletions each for themselves.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends when it may be sent, again and again until the answer is no 429. */
  async send<T extends HttpResponse>(request: ThrottledRequest<T>): Promise<T> {
    const { until, refuse, signal } = request;
    const bucket = this.#bucket(request.bucket);
    for (;;) {
      const wait = bucket.closedUntil - this.#clock.now();
      if (wait > 0) {
        if (bucket.closedUntil > until) {
          throw await refuse(wait, undefined);
        }
        await pause(wait, signal, this.#clock);
      } else if (bucket.underWay >= bucket.limit) {
        await bucket.turn(signal);
      } else {
        const answer = await bucket.count(request.send);
        if (answer.status !== 429) {
          bucket.open();
          return answer;
        }
        const now = this.#clock.now();
        const asked = requestedDelay(answer.headers, now);
        const delay = bucket.close(now, asked, this.#clock.random);
        if (now + delay > until) {
          throw await refuse(delay, answer);
        }
        discard(answer);
      }
    }
  }

  #bucket(name: string): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) {
      return known;
    }
    const bucket = new Bucket();
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

/**
 * After a wait not all go at once, since all but a few would be refused again: one, then twice as many with each round.
 */
class Bucket {
  closedUntil = 0;
  underWay = 0;
  limit = Number.POSITIVE_INFINITY;
  #refusals = 0;
  readonly #waiting = new Set<() => void>();

  async count<T>(send: () => Promise<T>): Promise<T> {
    this.underWay++;
    try {
      return await send();
    } finally {
      this.underWay--;
      this.#wake(this.limit - this.underWay);
    }
  }

  open(): void {
    this.#refusals = 0;
    this.limit = this.limit < PLENTY ? this.limit + 1 : Number.POSITIVE_INFINITY;
    this.#wake(this.limit - this.underWay);
  }

  /** For how long, in milliseconds. */
  close(now: number, asked: number | undefined, random: () => number): number {
    const own = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#refusals) * (0.8 + random() * 0.5);
    const delay = asked ?? own;
    this.#refusals++;
    this.limit = 1;
    this.closedUntil = Math.max(this.closedUntil, now + delay);
    // All wait by the clock from now on: one who was woken and gives up can then leave nobody behind.
    this.#wake(Number.POSITIVE_INFINITY);
    return delay;
  }

  /** Until there may be room. */
  turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.delete(go);
        reject(signal.reason);
      };
      const go = (): void => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  #wake(room: number): void {
    let woken = 0;
    for (const go of this.#waiting) {
      if (woken++ >= room) {
        return;
      }
      this.#waiting.delete(go);
      go();
    }
  }
}

/** Reads an answer to its end, so that its connection serves again. */
function discard({ body }: HttpResponse): void {
  body.on("error", () => {});
  body.resume();
}
