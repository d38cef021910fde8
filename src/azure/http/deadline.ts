import { canceled, Failure } from "../../errors/error.ts";
import type { Clock } from "./pipeline.ts";

/** Under which a signal carries its deadline: what is to be bounded gets one thing, not two. */
const DEADLINE = Symbol("deadline");

export interface DeadlineOptions {
  readonly signal: AbortSignal;
  /** From now. */
  readonly milliseconds: number;
  readonly clock: Clock;
  /** `cannot snapshot disk "d1"`. */
  readonly what: string;
  /** What the user can do about it: `raise apiTimeout in the location's config`. */
  readonly hint?: string | undefined;
}

/**
 * Does `work` with a signal that fires when `signal` does, and when the time is over: its reason is then a `Failure`
 * DeadlineExceeded. Whoever is about to wait learns from `remaining` how long that may be, by the clock, so that a wait
 * that cannot end in time need not begin. Of two deadlines, one inside the other, the nearer one counts.
 */
export async function withDeadline<T>(
  { signal, milliseconds, clock, what, hint }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const seconds = Math.round(milliseconds / 100) / 10;
  const failure = new Failure("DeadlineExceeded", `${what}: it was not done within ${seconds} s`, { hint });
  const end = (): void => over.abort(failure);
  // By real time, for exchanges that hang; what waits by the clock looks at the time itself.
  const timer = setTimeout(end, Math.min(milliseconds, LONGEST_TIMER));
  const deadline: Deadline = { at: clock.now() + milliseconds, end };
  const outer = deadlineOf(signal);
  const bounded = Object.assign(AbortSignal.any([signal, over.signal]), {
    [DEADLINE]: outer !== undefined && outer.at <= deadline.at ? outer : deadline,
  });
  try {
    return await work(bounded);
  } finally {
    clearTimeout(timer);
  }
}

/** What setTimeout can take, 24 days; beyond that it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Deadline {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Makes the signal fire: the clock says that the time is over. */
  readonly end: () => void;
}

function deadlineOf(signal: AbortSignal): Deadline | undefined {
  return DEADLINE in signal ? (signal[DEADLINE] as Deadline) : undefined;
}

/** Milliseconds until the signal's deadline; undefined when it has none. */
export function remaining(signal: AbortSignal, clock: Clock): number | undefined {
  const deadline = deadlineOf(signal);
  return deadline === undefined ? undefined : deadline.at - clock.now();
}

/** Waits; rejects with the signal's reason when it fires or its deadline comes first. */
export async function pause(milliseconds: number, signal: AbortSignal, clock: Clock): Promise<void> {
  signal.throwIfAborted();
  const left = remaining(signal, clock) ?? Number.POSITIVE_INFINITY;
  await clock.sleep(Math.max(0, Math.min(milliseconds, left)), signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
  if (milliseconds >= left) {
    deadlineOf(signal)?.end();
  }
  signal.throwIfAborted();
}

/** The Failure for a request that was ended by its signal: the signal's own, if it has one for its reason. */
export function interruption(what: string, signal: AbortSignal): Failure {
  return signal.reason instanceof Failure ? signal.reason : canceled(what, signal.reason);
}
