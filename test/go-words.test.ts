import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parseGoBool, parseGoDuration, parseGoInt } from "../src/config/go-words.ts";
import { buildGoProgram, type GoProgram, type GoQuestion } from "./go/godotenv/ask.ts";

let go: GoProgram;

before(async () => {
  go = await buildGoProgram();
});

after(async () => {
  await go[Symbol.asyncDispose]();
});

const nothing = ["", " ", "\n", "x", "null", "-", "+", "."];
const booleans = ["1", "t", "T", "true", "True", "TRUE", "0", "f", "F", "false", "False", "FALSE"];
const integers = ["0", "1", "-1", "+1", "007", "-0", "1048576", "4194304000", "4194304001"];
const int64 = ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"];
const units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
const numbers = [
  "0",
  "1",
  "01",
  "1.5",
  ".5",
  "5.",
  ".",
  "",
  "1..5",
  "1.5.5",
  "0.1",
  "0.3",
  "1.000000001",
  "0.9999999999",
];

const tables: readonly [GoQuestion, (text: string) => bigint | boolean | undefined, readonly string[]][] = [
  [
    "bool",
    parseGoBool,
    [
      ...nothing,
      ...booleans,
      ...booleans.map((word) => `${word} `),
      "yes",
      "no",
      "on",
      "tRUE",
      "2",
      "01",
      "да",
    ],
  ],
  [
    "int",
    parseGoInt,
    [
      ...nothing,
      ...integers,
      ...int64,
      "--1",
      "+-1",
      "1_000",
      "0x10",
      "1e3",
      "1.0",
      " 1",
      "1 ",
      "١",
      "9".repeat(40),
    ],
  ],
  [
    "duration",
    parseGoDuration,
    [
      ...nothing,
      ...["", "-", "+", "--"].flatMap((sign) =>
        numbers.flatMap((number) =>
          [...units, "", "d", "S", "H", " s", "s "].map((unit) => sign + number + unit),
        ),
      ),
      ...[
        "1h15m30.918s",
        "1m1h",
        "1h1h",
        "1h 1m",
        "1h-1m",
        "2m0",
        "0h0",
        "1ns1us1µs1μs1ms1s1m1h",
        "1hh",
        "h1",
      ],
      ...int64.flatMap((number) => units.map((unit) => number + unit)),
      ...["2562047h", "2562048h", "2562047h47m16.854775807s", "2562047h47m16.854775808s"].flatMap((text) => [
        text,
        `-${text}`,
      ]),
      ...[
        "9223372036.854775807s",
        "9223372036.854775808s",
        "-9223372036.854775808s",
        "9223372036854775807ns1ns",
      ],
      ...[
        "0.100000000000000000000h",
        "0.333333333333333333333333h",
        "0.9223372036854775807h",
        "0.9223372036854775808h",
      ],
      ...[
        "0.9223372036854775809h",
        "1.00000000000000000001s",
        "9007199254.740993s",
        "0.30000000000000004m",
        "1.7h",
        "0.29h",
      ],
      ...[
        "0.0000000001s",
        "1".repeat(30) + "s",
        `0.${"9".repeat(40)}h`,
        `${"0".repeat(40)}1s`,
        "1\u00b5",
        "3000000h",
        "1s\u0000",
      ],
    ],
  ],
];

for (const [question, parse, texts] of tables) {
  test(`Go's words for ${question} read as Go reads them`, async () => {
    const answers = await go.ask(question, texts);
    const theirs = texts.map((text, index) => [text, answers[index]?.value]);
    const ours = texts.map((text) => [text, parse(text)?.toString()]);
    assert.deepEqual(ours, theirs);
    assert.ok(
      answers.some((answer) => answer.error !== undefined) &&
        answers.some((answer) => answer.error === undefined),
    );
  });
}
