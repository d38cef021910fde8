import { withDeadline } from "../../azure/http/deadline.ts";
import type { Clock } from "../../azure/http/pipeline.ts";
import { canceled, failureCode } from "../../errors/error.ts";

export interface TimeLimit {
  readonly milliseconds: number;
  /** The key of the location's config that it comes from. */
  readonly setting: "apiTimeout" | "copyTimeout";
}

const DEFAULT_API_TIMEOUT = 2 * 60_000;
const DEFAULT_COPY_TIMEOUT = 4 * 3_600_000;

type Config = Readonly<Record<TimeLimit["setting"], number | undefined>>;

/** Of one operation of Resource Manager, with its retries and polling. */
export function apiLimit({ apiTimeout }: Config): TimeLimit {
  return { milliseconds: apiTimeout ?? DEFAULT_API_TIMEOUT, setting: "apiTimeout" };
}

/** Of data that is copied in the background, and of waiting for a limit of Azure's. */
export function copyLimit({ copyTimeout }: Config): TimeLimit {
  return { milliseconds: copyTimeout ?? DEFAULT_COPY_TIMEOUT, setting: "copyTimeout" };
}

/** setTimeout takes 31 bits; nobody waits for 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Runs an action under a signal that fires with the caller's, and when the time is over (`withDeadline`). Rejects with what
 * the action rejected with, but with `Failure` Canceled when the caller's signal fired before, and DeadlineExceeded when
 * a time was over. `what` is what cannot be done then: `snapshot disk "d1"`.
 */
export async function within<T>(
  { clock, limit, what }: { readonly clock: Clock; readonly limit: TimeLimit; readonly what: string },
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const cannot = `cannot ${what}`;
  const { setting } = limit;
  const milliseconds = Math.min(limit.milliseconds, LONGEST_TIMER);
  const hint = `look at Azure's status, or set ${setting} in the location's config to more than ${inWords(milliseconds)}`;
  try {
    signal.throwIfAborted();
    return await withDeadline({ signal, milliseconds, clock, what: cannot, hint }, action);
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    // Of a deadline around this one; any other reason is somebody who gave up.
    throw failureCode(signal.reason) === "DeadlineExceeded" ? signal.reason : canceled(cannot, signal.reason);
  }
}

/** As Go writes durations and users write them in the config: `1h30m`. */
export function inWords(milliseconds: number): string {
  if (milliseconds < 1000) {
    return `${Math.round(milliseconds)}ms`;
  }
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
}
