import { handWritten, oddBytes, realistic } from "./corpus-by-hand.ts";

/**
 * Credentials files to read with both readers: every feature of the language with every other, files as people
 * write them, and noise. Deterministic: a difference found once is found again.
 */
export interface CorpusFile {
  readonly name: string;
  readonly content: Buffer;
}

export function corpus(): CorpusFile[] {
  const groups: Record<string, readonly Buffer[]> = {
    "by hand": handWritten.map((text) => Buffer.from(text)),
    bytes: oddBytes,
    "long line": longLines(),
    "one line": singleLines(),
    "many lines": manyLines(1500),
    soup: soups(3000),
    noise: noise(500),
    damaged: damaged(1000),
  };
  return Object.entries(groups).flatMap(([group, contents]) =>
    contents.map((content, index) => ({ name: `${group} ${index}`, content })),
  );
}

/** About the length at which Go's line scanner gives up. */
function longLines(): Buffer[] {
  const ends = ["", "\n", "\r\n", "\nB=1", "\r\nB=1\n", "\r"];
  const starts = ["", "B=1\n", "# x\n\n"];
  const lengths = [65_533, 65_534, 65_535, 65_536, 65_537, 65_538, 70_000, 131_072];
  return lengths.flatMap((length) =>
    starts.flatMap((start) => ends.map((end) => Buffer.from(`${start}A=${"x".repeat(length - 2)}${end}`))),
  );
}

const keys = [
  "A",
  "export A",
  " A ",
  "export\tA",
  "exportA",
  "",
  "a.b",
  '"A"',
  "A#",
  "\ufeffA",
  "export",
  "export ",
];
const separators = ["=", ":", " = ", "==", ": ", "=:", ":=", "= ", ""];
const values = [
  "",
  "b",
  "b c",
  "$B",
  "${B}",
  "$(B)",
  "\\$B",
  "x$Bx",
  "x${B}x$C",
  "a\\nb\\r",
  "a\\\\b",
  "é€😀",
  "a'b",
  'a"b',
  "b#c",
  "b=c:d",
  "\\",
  "\t",
];
const quotes = [
  ["", ""],
  ["'", "'"],
  ['"', '"'],
  ["'", '"'],
  ['"', ""],
  ["", "'"],
  ["\t'", "'"],
  ["''", "''"],
] as const;
const tails = ["", " ", "\r", " # c", "#c", " # it's", '#"c"#d'];

/** Every key with every separator, value, quote and tail, after two lines that give `$B` and `$C` a meaning. */
function singleLines(): Buffer[] {
  const lines = keys.flatMap((key) =>
    separators.flatMap((separator) =>
      values.flatMap((value) =>
        quotes.flatMap(([open, close]) =>
          tails.map((tail) => `${key}${separator}${open}${value}${close}${tail}`),
        ),
      ),
    ),
  );
  // All of them would be 100,000 files: a file of several lines tells as much, as long as none of them is an
  // error, which ends the reading; what is one stands alone.
  const [statements, errors] = [lines.filter(isStatement), lines.filter((line) => !isStatement(line))];
  const distinct = statements.map((line, index) => line.replace(/^(\s*(?:export\s+)?)/, `$1K${index}`));
  const files = [
    ...chunks(distinct, 12),
    ...chunks(every(statements, 40), 1),
    ...chunks(every(errors, 40), 1),
  ];
  return files.map((file) => Buffer.from(["B=1", "C='x y'", ...file].join("\n")));
}

function isStatement(line: string): boolean {
  return /^[^#]*[=:]/.test(line);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function every<T>(items: readonly T[], step: number): T[] {
  return items.filter((_, index) => index % step === 0);
}

type Random = (below: number) => number;

/** Mulberry32: small, and the same numbers on every machine. */
function random(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function pick<T>(next: Random, items: readonly T[]): T {
  const item = items[next(items.length)];
  if (item === undefined) {
    throw new Error("nothing to pick from");
  }
  return item;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** Files of lines that refer to one another. */
function manyLines(count: number): Buffer[] {
  const next = random(1);
  const names = ["A", "B", "C", "AB", "A_1", "Z9", "a"];
  const reference = (): string =>
    `${pick(next, ["$", "${", "$(", "\\$", "$$"])}${pick(next, names)}${pick(next, ["", "}", ")", "x"])}`;
  const value = (): string =>
    times(next(5), () => (next(2) === 0 ? reference() : pick(next, values))).join(pick(next, ["", " ", "-"]));
  const line = (): string => {
    const [open, close] = pick(next, quotes);
    return `${pick(next, ["", "", "export "])}${pick(next, names)}${pick(next, ["=", "=", ":", " = "])}${open}${value()}${close}${pick(next, tails)}`;
  };
  return times(count, () => {
    const lines = times(1 + next(12), () => pick(next, [line, line, line, () => "", () => "# c"])());
    return Buffer.from(lines.join(pick(next, ["\n", "\n", "\r\n"])));
  });
}

/** The language's own characters in any order. */
function soups(count: number): Buffer[] {
  const next = random(2);
  const letters = [
    ...Array.from("AAB01_ab  \t\v\f\n\n\r==::##''\"\"\\\\$$$(){}"),
    "export ",
    "A=",
    "\\n",
    "\u0085",
    "\u00a0",
    "é",
    "\ufeff",
  ];
  return times(count, () => Buffer.from(times(next(60), () => pick(next, letters)).join("")));
}

/** Any bytes at all. */
function noise(count: number): Buffer[] {
  const next = random(3);
  return times(count, () => Buffer.from(times(next(80), () => next(256))));
}

/** A good file with a few bytes gone, doubled or changed. */
function damaged(count: number): Buffer[] {
  const next = random(4);
  return times(count, () => {
    const bytes = [...Buffer.from(`B=1\n${realistic}\nC="$B"\nD=\${B}`)];
    for (let faults = 1 + next(6); faults > 0; faults -= 1) {
      const at = next(bytes.length);
      const replacement = pick(next, [
        [],
        [next(256)],
        [bytes[at] ?? 0, bytes[at] ?? 0],
        [...Buffer.from(pick(next, ["#", "'", '"', "\\", "$", "\n"]))],
      ]);
      bytes.splice(at, 1, ...replacement);
    }
    return Buffer.from(bytes);
  });
}
