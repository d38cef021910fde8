import { canceled } from "../errors/error.ts";

/**
 * The call's outcome, or Canceled as soon as the signal fires, even if the call never ends. Leaves nothing behind on the
 * signal, which may outlive a million calls.
 */
export async function unlessAborted<T>(
  signal: AbortSignal,
  what: string,
  call: () => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw canceled(what, signal.reason);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(canceled(what, signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([call(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
