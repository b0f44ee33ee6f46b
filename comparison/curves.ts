/** Curves of variants: means over their seeds, epoch by epoch. */

import type { Metrics } from "../checkpoints/run_state.ts";
import { LOSS, type MetricInfo } from "../training/metrics/metric.ts";
import type { EpochRow } from "../training/run_log.ts";
import type { Curve, Curves, MetricSummary } from "./comparison.ts";
import { spreadOf } from "./paired.ts";
import type { VariantRun } from "./summary.ts";

/** The compared validation metrics and loss, and the training loss and learning rate. */
export function curvesOf(
  all: readonly VariantRun[],
  metrics: readonly MetricSummary[],
): Curves[] {
  const names = new Map(metrics.map(({ name, ...info }) => [name, info as MetricInfo]));
  const validated = [...names.set("loss", LOSS)].map(([name, { title, unit }]) => ({
    title: `validation ${title}`,
    unit,
    variants: curves(all, ({ validation }) => validation?.[name]),
  }));
  return [
    ...validated,
    { title: "training loss", unit: "number", variants: curves(all, ({ train }) => train.loss) },
    {
      title: "learning rate",
      unit: "number",
      variants: curves(all, ({ values }: { values: Metrics }) => values.learningRate),
    },
  ];
}

function curves(
  all: readonly VariantRun[],
  valueOf: (row: EpochRow) => number | undefined,
): Curve[] {
  return [...Map.groupBy(all, ({ variant }) => variant.name)].map(([name, own]) => {
    const rows = own.flatMap(({ run }) => run.log.epochs)
      .flatMap((row) => {
        const value = valueOf(row);
        return value === undefined ? [] : [{ epoch: row.epoch, value }];
      });
    const byEpoch = [...Map.groupBy(rows, ({ epoch }) => epoch)].toSorted(([a], [b]) => a - b)
      .map(([epoch, rows]) => ({ epoch, values: rows.map(({ value }) => value) }));
    return {
      name,
      runs: own.length,
      epochs: byEpoch.map(({ epoch }) => epoch),
      mean: byEpoch.map(({ values }) => spreadOf(values).mean!),
      low: byEpoch.map(({ values }) => Math.min(...values)),
      high: byEpoch.map(({ values }) => Math.max(...values)),
    };
  });
}
