import { setTimeout as delay } from "node:timers/promises";
import { Failure, describeFailure } from "../../src/errors/error.ts";

/** What a probe returns while the awaited thing is not there: what it saw instead, for the message of a wait in vain. */
export class Pending {
  readonly seen: string;
  constructor(seen: string) {
    this.seen = seen;
  }
}

export interface WaitOptions {
  /** Seconds after which the wait fails. A bound on hanging, never a measure: default 60. */
  readonly seconds?: number;
  /** Where a reader of the failure looks next: a log file or folder. */
  readonly logs: string;
  /** Ends the wait at once when it returns a reason, such as "it exited with code 1". */
  readonly hopeless?: () => string | undefined;
}

const firstPauseMs = 30;
const longestPauseMs = 300;

/**
 * Polls until `probe` returns something other than Pending. A throwing probe counts as pending: servers that are
 * starting refuse connections. Fails with what was awaited, what was seen last and where the logs are.
 */
export async function waitFor<T>(
  awaited: string,
  probe: () => Promise<T | Pending> | T | Pending,
  options: WaitOptions,
): Promise<T> {
  const seconds = options.seconds ?? 60;
  const deadline = Date.now() + seconds * 1000;
  let pauseMs = firstPauseMs;
  for (;;) {
    const result = await attempt(probe);
    if (!(result instanceof Pending)) return result;
    const hopeless = options.hopeless?.();
    if (hopeless !== undefined) throw gaveUp("Aborted", awaited, hopeless, result, options.logs);
    if (Date.now() > deadline)
      throw gaveUp("DeadlineExceeded", awaited, `not within ${seconds} s`, result, options.logs);
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
  }
}

async function attempt<T>(probe: () => Promise<T | Pending> | T | Pending): Promise<T | Pending> {
  try {
    return await probe();
  } catch (error) {
    return new Pending(describeFailure(error));
  }
}

function gaveUp(
  code: "Aborted" | "DeadlineExceeded",
  awaited: string,
  reason: string,
  last: Pending,
  logs: string,
): Failure {
  return new Failure(code, `cannot see ${awaited}: ${reason}; last seen: ${last.seen}`, {
    hint: `read ${logs}`,
  });
}
