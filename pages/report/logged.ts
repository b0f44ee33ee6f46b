/** The logs of a run as columns of numbers. */

import type { Columns, Curves } from "./data.ts";
import { sum } from "../../reporting/statistics.ts";
import type { EpochRow, StepRow } from "../../training/log_rows.ts";

/** Most points of a curve; beyond, consecutive ones are averaged. */
const MAX_PLACES = 1500;

export function curvesOf(steps: readonly StepRow[], epochs: readonly EpochRow[]): Curves {
  const averaged = Math.max(1, Math.ceil(steps.length / MAX_PLACES));
  const groups = Array.from(
    { length: Math.ceil(steps.length / averaged) },
    (_, i) => steps.slice(i * averaged, (i + 1) * averaged),
  );
  return {
    epochs: {
      at: epochs.map(({ epoch }) => epoch),
      steps: epochs.map(({ step }) => step),
      train: columnsOf(epochs.map(({ train }) => train)),
      learningRate: epochs.map(({ values: { learningRate } }) => learningRate ?? null),
      validation: columnsOf(epochs.map(({ validation }) => validation ?? {})),
      time: columnsOf(epochs.map(({ time }) => time ? { ...time } : {})),
    },
    steps: {
      at: groups.map((group) => group[group.length - 1].step),
      values: columnsOf(groups.map((group) => meansOf(group.map(({ values }) => values)))),
    },
    stepsAveraged: averaged,
  };
}

type Row = Readonly<Record<string, number>>;

function columnsOf(rows: readonly Row[]): Columns {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const column = (name: string) =>
    rows.map((row) => Object.hasOwn(row, name) ? short(row[name]) : null);
  return Object.fromEntries(names.map((name) => [name, column(name)]));
}

function meansOf(rows: readonly Row[]): Row {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => {
    const values = rows.flatMap((row) => Object.hasOwn(row, name) ? [row[name]] : []);
    return [name, sum(values) / values.length];
  }));
}

/** The number of digits that charts and tables show. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}
