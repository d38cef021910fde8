import { writeSync } from "node:fs";
import { describeFailure } from "../errors/error.ts";
import type { LogFields, LogLevel, Logger } from "../log/logger.ts";

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug", "trace"];
const MODULE = "velero-azure";
const STDERR = 2;

/**
 * The words that Velero's `--log-level` takes (logrus levels), as the level that lets the same lines through.
 * An unknown word is `info`, Velero's own default.
 */
export function logLevelFromVelero(word: string | undefined): LogLevel {
  switch (word?.toLowerCase()) {
    case "panic":
    case "fatal":
    case "error":
      return "error";
    case "warn":
    case "warning":
      return "warn";
    case "debug":
      return "debug";
    case "trace":
      return "trace";
    default:
      return "info";
  }
}

/**
 * Log lines as hashicorp/go-plugin reads them from a plugin's stderr: one JSON object a line with `@level`,
 * `@message`, `@module`, `@timestamp`, then the fields. Velero prints them with its own log.
 */
export function hclogLogger(
  level: LogLevel,
  write: (line: string) => void = writeStderr,
  fields: LogFields = {},
): Logger {
  const threshold = LEVELS.indexOf(level);
  return {
    enabled: (candidate) => LEVELS.indexOf(candidate) <= threshold,
    log: (candidate, message, more) => {
      if (LEVELS.indexOf(candidate) > threshold) return;
      const head = {
        "@level": candidate,
        "@message": message,
        "@module": MODULE,
        "@timestamp": new Date().toISOString().replace("Z", "000Z"),
      };
      write(`${JSON.stringify({ ...head, ...printable(fields), ...printable(more) })}\n`);
    },
    with: (more) => hclogLogger(level, write, { ...fields, ...more }),
  };
}

function printable(fields: LogFields | undefined): LogFields {
  const printed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue;
    printed[name] = value instanceof Error ? describeFailure(value) : value;
  }
  return printed;
}

/** Synchronous, so that the last lines of a process that ends are not lost. */
function writeStderr(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Nobody reads stderr any more: the host is gone, and there is no other place to tell it.
  }
}
