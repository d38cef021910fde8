/** Levels in hclog's words, from the quietest; Velero passes one of them as `--log-level`. */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

/** Values a log line may carry beside its message. A Secret prints as `[redacted]`. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where the layers write what happened. `with` returns a logger whose lines all carry the given fields
 * (a request's account, container and key).
 */
export interface Logger {
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, message: string, fields?: LogFields): void;
  with(fields: LogFields): Logger;
}

/** Drops everything; for tests and callers that have no log. */
export const silentLogger: Logger = {
  enabled: () => false,
  log: () => {},
  with: () => silentLogger,
};
