import { cpus } from "node:os";
import type { Contender } from "./contender.ts";
import type { Bar, Row } from "./figure.ts";

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const lines = [["figure", "", "peer", "ours", "ratio", "bar", ""]];
  let figure = "";
  for (const row of rows) {
    lines.push([
      row.figure === figure ? "" : row.figure,
      row.metric.title,
      row.peer === undefined ? "–" : quantity(row.peer, row.metric.unit),
      quantity(row.ours, row.metric.unit),
      row.ratio === undefined ? "–" : `${row.ratio.toFixed(2)} ×`,
      barText(row.metric.bar, row.metric.unit),
      verdict(row.ok),
    ]);
    figure = row.figure;
  }
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const rightAligned = new Set([2, 3, 4]);
  const shown = lines.map((line) =>
    line
      .map((cell, column) =>
        rightAligned.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  shown.splice(1, 0, "─".repeat(Math.max(...shown.map((line) => line.length))));
  return shown.join("\n");
}

/** The same for a machine, with every sample. */
export function document(rows: readonly Row[], contenders: readonly Contender[]): unknown {
  return {
    date: new Date().toISOString(),
    machine: { processors: cpus().length, model: cpus()[0]?.model },
    contenders: contenders.map(({ role, executable }) => ({ role, executable })),
    rows: rows.map((row) => ({
      figure: row.figure,
      metric: row.metric.name,
      title: row.metric.title,
      unit: row.metric.unit,
      peer: row.peer,
      ours: row.ours,
      ratio: row.ratio,
      bar: row.metric.bar,
      ok: row.ok,
      samples: row.samples,
    })),
  };
}

function barText(bar: Bar | undefined, unit: string): string {
  if (bar === undefined) return "";
  const sign = { atMost: "≤", atLeast: "≥", exactly: "=" }[bar.is];
  return `${sign} ${bar.of === "ratio" ? `${bar.value} ×` : `${bar.value} ${unit}`.trim()}`;
}

function verdict(ok: boolean | undefined): string {
  return ok === undefined ? "" : ok ? "ok" : "MISSED";
}

function quantity(value: number, unit: string): string {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`.trim();
}
