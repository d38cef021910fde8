/**
 * The KEY=VALUE language of credentials files, as the official plugin reads it: with the Go module
 * github.com/joho/godotenv v1.4.0, whose every oddity is kept here, since files in the field rely on them
 * (`test/godotenv.test.ts` holds the two together).
 *
 * - A line ends with `\n` or `\r\n`. Blank lines and lines that begin with `#` are skipped. No value spans lines.
 * - `export ` before the key is dropped; key and value are parted by the first `=` or `:`.
 * - `#` begins a comment, unless the text since the last `#` opened a quote.
 * - A value in double quotes: `\n` and `\r` become line ends, other backslashes vanish, but for `\$`.
 * - Outside of single quotes `$NAME`, `${NAME}` and, oddly, `$(NAME` become the value of an earlier line, or
 *   nothing; `\$` is a dollar.
 *
 * The language works on bytes, and no rule needs to know which text they stand for but the one of blank lines.
 * So texts here are *binary strings*: one character a byte.
 */

/** Keys in the order of their first line; a later line of the same key wins. Keys and values are binary strings. */
export type DotenvEntries = ReadonlyMap<string, string>;

/** Why a text could not be read; says the line and never what is in it, which may be a secret. */
export interface DotenvProblem {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** A line with its end must fit the 64 KiB buffer of Go's bufio.Scanner. */
const MAX_LINE_BYTES = 65_535;
/** What all values together may grow to by expansion: lines that double the one before would fill any memory. */
const MAX_BYTES_OF_VALUES = 4 * 1024 * 1024;

interface Reading {
  readonly entries: Map<string, string>;
  /** Of all values read so far. */
  bytes: number;
}

export function parseDotenv(content: Uint8Array): DotenvEntries | DotenvProblem {
  const reading: Reading = { entries: new Map(), bytes: 0 };
  for (const [index, raw] of splitLines(content).entries()) {
    const problem = raw.length > MAX_LINE_BYTES ? "the line is longer than 64 KiB" : readLine(raw, reading);
    if (problem !== undefined) {
      return { line: index + 1, reason: problem };
    }
  }
  return reading.entries;
}

function splitLines(content: Uint8Array): string[] {
  const lines = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    .toString("latin1")
    .split("\n");
  if (lines.at(-1) === "") {
    lines.pop();
  }
  return lines;
}

/** Puts the line's key and value into the entries; returns the reason if it cannot. */
function readLine(raw: string, reading: Reading): string | undefined {
  const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  if (isIgnored(line)) {
    return undefined;
  }
  const statement = withoutComment(line);
  const separator = /[=:]/.exec(statement);
  if (separator === null) {
    return 'the line has neither "=" nor ":" (a value cannot go on in the next line: write \\n inside double quotes)';
  }
  const value = readValue(statement.slice(separator.index + 1), reading);
  reading.bytes += value.length;
  if (reading.bytes > MAX_BYTES_OF_VALUES) {
    return "the values grow beyond 4 MiB by what their $NAMEs stand for";
  }
  reading.entries.set(readKey(statement.slice(0, separator.index)), value);
  return undefined;
}

/** Leading white space counts in Unicode's sense, of which JavaScript's differs in two characters. */
function isIgnored(line: string): boolean {
  const text = Buffer.from(line, "latin1").toString("utf8");
  const first = /[^\s\u0085]|\ufeff/u.exec(text);
  return first === null || first[0] === "#";
}

function withoutComment(line: string): string {
  const kept: string[] = [];
  let quoteOpen = false;
  for (const part of line.split("#")) {
    const wasOpen = quoteOpen;
    if (occursOnce(part, '"') || occursOnce(part, "'")) {
      quoteOpen = !quoteOpen;
    }
    if (kept.length === 0 || wasOpen || quoteOpen) {
      kept.push(part);
    }
  }
  return kept.join("#");
}

function occursOnce(text: string, character: string): boolean {
  const first = text.indexOf(character);
  return first !== -1 && text.indexOf(character, first + 1) === -1;
}

function readKey(text: string): string {
  const start = skipBlanks(text, 0);
  const afterExport = start + "export".length;
  const afterBlanks = skipBlanks(text, afterExport);
  const exported = text.startsWith("export", start) && afterBlanks > afterExport;
  const from = exported ? afterBlanks : start;
  let to = text.length;
  while (to > from && isBlank(text[to - 1])) {
    to -= 1;
  }
  return text.slice(from, to);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text[at])) {
    at += 1;
  }
  return at;
}

/** Go's `\s`: ASCII alone, and no vertical tab. */
function isBlank(character: string | undefined): boolean {
  return character !== undefined && " \t\n\f\r".includes(character);
}

function readValue(text: string, reading: Reading): string {
  const value = trimSpaces(text);
  if (value.length < 2) {
    return value;
  }
  const inside = value.slice(1, -1);
  if (value.startsWith("'") && value.endsWith("'")) {
    return inside;
  }
  const quoted = value.startsWith('"') && value.endsWith('"');
  return expand(quoted ? unescaped(inside) : value, reading);
}

/** Spaces alone: tabs and the like belong to the value. */
function trimSpaces(text: string): string {
  let from = 0;
  let to = text.length;
  while (text[from] === " ") {
    from += 1;
  }
  while (to > from && text[to - 1] === " ") {
    to -= 1;
  }
  return text.slice(from, to);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, (pair, escaped: string) => {
    switch (escaped) {
      case "n":
        return "\n";
      case "r":
        return "\r";
      case "$":
        return pair;
      default:
        return escaped;
    }
  });
}

/** Stops putting values in once all are out of bounds; the caller sees that they are. */
function expand(text: string, reading: Reading): string {
  let bytes = reading.bytes;
  return text.replaceAll(/\\?\$\(?\{?([A-Z0-9_]*)\}?/g, (reference, name: string) => {
    if (reference.startsWith("\\")) {
      return reference.slice(1);
    }
    if (name === "") {
      return reference;
    }
    const value = bytes > MAX_BYTES_OF_VALUES ? "" : (reading.entries.get(name) ?? "");
    bytes += value.length;
    return value;
  });
}
