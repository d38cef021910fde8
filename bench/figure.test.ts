import assert from "node:assert/strict";
import { test } from "node:test";
import type { Contender } from "./contender.ts";
import { type Bar, type Bench, inTurns, median, row } from "./figure.ts";
import { table } from "./report.ts";

const peer: Contender = { role: "peer", executable: "/peer" };
const ours: Contender = { role: "ours", executable: "/ours" };

function bench(contenders: readonly Contender[]): Bench {
  return {
    contenders,
    runs: undefined,
    report: () => undefined,
    stage: () => Promise.reject(new Error("no figure here needs a stage")),
  };
}

test("the contenders take turns, and each begins every other run", async () => {
  const order: string[] = [];
  await inTurns(bench([peer, ours]), { name: "figure", metrics: [], runs: 3 }, ({ role }) => {
    order.push(role);
    return Promise.resolve({});
  });
  assert.deepEqual(order, ["peer", "ours", "ours", "peer", "peer", "ours"]);
});

for (const { numbers, expected } of [
  { numbers: [3, 1, 2], expected: 2 },
  { numbers: [4, 1, 2, 3], expected: 2.5 },
  { numbers: [7], expected: 7 },
]) {
  test(`the median of ${numbers.join(", ")} is ${expected}`, () => assert.equal(median(numbers), expected));
}

const bars: readonly {
  readonly bar: Bar;
  readonly peer?: number;
  readonly ours: number;
  readonly ok?: boolean;
}[] = [
  { bar: { of: "ratio", is: "atMost", value: 0.6 }, peer: 10, ours: 6, ok: true },
  { bar: { of: "ratio", is: "atMost", value: 0.6 }, peer: 10, ours: 7, ok: false },
  { bar: { of: "ratio", is: "atLeast", value: 9 }, peer: 10, ours: 89, ok: false },
  { bar: { of: "ratio", is: "atLeast", value: 9 }, ours: 89 },
  { bar: { of: "ours", is: "atMost", value: 200 }, ours: 201, ok: false },
  { bar: { of: "ours", is: "exactly", value: 1 }, peer: 2, ours: 1, ok: true },
];
for (const one of bars) {
  const { of, is, value } = one.bar;
  const versus = one.peer === undefined ? "alone" : `against ${one.peer}`;
  test(`ours ${one.ours} ${versus}, bar ${of} ${is} ${value}: ${one.ok ?? "not judged"}`, () => {
    const made = row(
      "figure",
      { name: "metric", title: "metric", unit: "", bar: one.bar },
      { peer: one.peer === undefined ? [] : [{ metric: one.peer }], ours: [{ metric: one.ours }] },
    );
    assert.equal(made.ok, one.ok);
  });
}

test("a metric that was not measured holds no bar", () => {
  const bar: Bar = { of: "ours", is: "atMost", value: 200 };
  const made = row("figure", { name: "metric", title: "metric", unit: "", bar }, { peer: [], ours: [{}] });
  assert.equal(made.ok, false);
});

test("the table has a line a row, with the figure's name at its first", () => {
  const metric = { name: "speed", title: "speed", unit: "MiB/s" };
  const rows = [
    row("put", metric, { peer: [{ speed: 43.21 }], ours: [{ speed: 450.4 }] }),
    row("put", metric, { peer: [], ours: [{ speed: 1 }] }),
  ];
  const lines = table(rows).split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[2] ?? "", /^put +speed +43\.2 MiB\/s +450 MiB\/s +10\.42 ×$/);
  assert.match(lines[3] ?? "", /^ +speed +– +1 MiB\/s +–$/);
});
