import { writeSync } from "node:fs";
import { describeFailure, Failure } from "../errors/error.ts";
import type { LogFields, LogLevel, Logger } from "../log/logger.ts";

const STDOUT = 1;
const STDERR = 2;

/**
 * What a command was made for goes to stdout, everything else to stderr. Both are written synchronously: a process that
 * ends loses nothing.
 */
export function print(text: string): void {
  write(STDOUT, `${text}\n`);
}

export function note(text: string): void {
  write(STDERR, `${text}\n`);
}

/** JSON for programs: its fields are documented and stay. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** A failure in prose: what, why, and on a line of its own what can be done. */
export function noteFailure(error: unknown): void {
  const hint = error instanceof Failure ? error.hint : undefined;
  const message = error instanceof Error ? error.message : describeFailure(error);
  note(`velero-azure: ${message}${hint === undefined ? "" : `\nhint: ${hint}`}`);
}

function width(text: string): number {
  return Array.from(text).length;
}

/** Columns as wide as their widest cell, two spaces between them, none at the end of a line. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Text from Azure on a terminal: a tag may hold control characters, and those could repaint what was shown. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "�");
}

const AGES = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The two largest units, as kubectl prints ages: `3d4h`, `5m10s`. */
export function age(milliseconds: number): string {
  const at = AGES.findIndex(([, length]) => milliseconds >= length);
  if (at < 0) return "0s";
  let rest = milliseconds;
  const parts = AGES.slice(at, at + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.join("");
}

const GIB = 1024 ** 3;

/** Disks come in whole GiB. */
export function size(bytes: number): string {
  return `${Number((bytes / GIB).toFixed(1))} GiB`;
}

/** `1 snapshot`, `2 snapshots`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Warnings and errors of the layers below, in prose; `info` lets some lines of progress through. */
export function proseLogger(info: (message: string, fields: LogFields) => void = () => {}): Logger {
  const logger = (fields: LogFields): Logger => ({
    enabled: (level) => level === "error" || level === "warn" || level === "info",
    log: (level, message, more = {}) => tell(level, message, { ...fields, ...more }, info),
    with: (more) => logger({ ...fields, ...more }),
  });
  return logger({});
}

function tell(
  level: LogLevel,
  message: string,
  fields: LogFields,
  info: (message: string, fields: LogFields) => void,
): void {
  if (level === "info") info(message, fields);
  if (level !== "error" && level !== "warn") return;
  const { error } = fields;
  const reason = error === undefined ? "" : `: ${describeFailure(error)}`;
  note(`velero-azure: ${level === "warn" ? "warning: " : ""}${message}${reason}`);
}

/** Whoever reads may have seen enough (`| head`): that is no failure of ours. */
function write(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") continue;
      if (code === "EPIPE") return;
      throw error;
    }
  }
}
