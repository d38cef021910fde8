/**
 * How Go reads the words in a location's config, exactly, since users' configs were written for Go. Each returns
 * undefined for what Go calls an error. `test/go-words.test.ts` compares them with Go itself.
 */

const MAX_INT64 = 2n ** 63n - 1n;
/** One more than the largest int64: Go counts up to it while the sign is not yet applied. */
const LIMIT = 2n ** 63n;

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false] as const),
]);

export const BOOLEAN_WORDS: readonly string[] = [...WORDS.keys()];

/** strconv.ParseBool. */
export function parseGoBool(text: string): boolean | undefined {
  return WORDS.get(text);
}

/** strconv.Atoi on a 64-bit machine. */
export function parseGoInt(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    return undefined;
  }
  const value = text.startsWith("+") ? BigInt(text.slice(1)) : BigInt(text);
  return value >= -LIMIT && value <= MAX_INT64 ? value : undefined;
}

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n], // micro sign
  ["\u03bcs", 1_000n], // Greek letter mu
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** time.ParseDuration, in nanoseconds: `1h15m30.918s`, `-1.5h`, `0`. */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith("-");
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  if (unsigned === "0") {
    return 0n;
  }
  if (unsigned === "") {
    return undefined;
  }
  let total = 0n;
  let rest = unsigned;
  while (rest !== "") {
    const [part, whole = "", point = "", fraction = "", unit = ""] =
      /^([0-9]*)(\.?)([0-9]*)([^.0-9]*)/.exec(rest) ?? [];
    const nanoseconds = NANOSECONDS.get(unit);
    if (part === undefined || whole + fraction === "" || nanoseconds === undefined) {
      return undefined;
    }
    const value = BigInt(whole) * nanoseconds;
    if (value > LIMIT) {
      return undefined;
    }
    total += value + (point === "" ? 0n : fractionOf(nanoseconds, fraction));
    if (total > LIMIT) {
      return undefined;
    }
    rest = rest.slice(part.length);
  }
  if (negative) {
    return -total;
  }
  return total <= MAX_INT64 ? total : undefined;
}

/** Go does this one step in floating point, on as many digits as fit an int64; the last nanosecond shows it. */
function fractionOf(nanoseconds: bigint, digits: string): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > MAX_INT64 / 10n || next > LIMIT) {
      break;
    }
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(nanoseconds) / scale)));
}
