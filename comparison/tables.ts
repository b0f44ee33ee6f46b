/** A comparison as tables of text, for the terminal and Markdown. */

import { formatBytes, formatCount, formatDuration, formatSi } from "../reporting/format.ts";
import type { Comparison, MetricSummary, ReachedSummary } from "./comparison.ts";
import { formatDifference, formatInterval, formatP, formatSpread, shownTests } from "./verdict.ts";

/** A table: the first row is its heading; the first column names variants, the others are numbers. */
interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const NONE = "–";

/** All tables of a comparison, in order. */
export function tablesOf(comparison: Comparison): Table[] {
  return [
    ...comparison.metrics.map((metric) => metricTable(metric, comparison)),
    costTable(comparison),
    ...targetTables(comparison),
  ];
}

function metricTable(metric: MetricSummary, { baseline, at, variants }: Comparison): Table {
  const heading = ["", "seeds", metric.title, "difference", "95 % interval", "p", "Holm", "d_z"];
  const rows = metric.entries.map(({ variant, paired, ...spread }) => {
    const { runs, diverged } = variants.find(({ name }) => name === variant)!;
    const { mean, effect } = paired?.difference ?? {};
    const { interval, p, adjustedP, wilcoxon, signs } = paired ? shownTests(paired) : {};
    return [
      variant,
      String(runs) + (diverged > 0 ? `, ${diverged} diverged` : ""),
      formatSpread(metric, spread),
      mean == null ? NONE : formatDifference(metric, mean),
      interval ? formatInterval(metric, interval) : NONE,
      formatP(p ?? null),
      formatP(adjustedP ?? null),
      effect == null ? NONE : effect.toFixed(2),
      formatP(wilcoxon ?? null),
      formatP(signs ?? null),
    ];
  });
  return {
    title: `${metric.title} of the ${at} validation, differences from ${baseline}`,
    rows: [[...heading, "Wilcoxon p", "sign p"], ...rows],
  };
}

function costTable({ variants }: Comparison): Table {
  const shown = (value: number | null, format: (value: number) => string) =>
    value === null ? NONE : format(value);
  return {
    title: "cost of a run (mean time and speed, peak memory) and size of its network",
    rows: [
      ["", "parameters", "folded", "MACs", "time", "images/s", "memory"],
      ...variants.map((variant) => [
        variant.name,
        shown(variant.trainingParameters, formatCount),
        shown(variant.foldedParameters, formatCount),
        shown(variant.macs, formatSi),
        shown(variant.seconds.mean, formatDuration),
        shown(variant.imagesPerSecond.mean, formatCount),
        shown(variant.memory, formatBytes),
      ]),
    ],
  };
}

/** Epochs and time until the targets; empty without targets. */
function targetTables({ metrics, targetMetric, variants }: Comparison): Table[] {
  const metric = metrics.find(({ name }) => name === targetMetric)!;
  const targets = variants[0].reached.map(({ target }) => formatTarget(metric, target));
  if (targets.length === 0) return [];
  return [{
    title: `mean epochs and time until the validation reaches ${metric.title}`,
    rows: [
      ["", ...targets],
      ...variants.map(({ name, runs, reached }) => [
        name,
        ...reached.map((one) => formatReached(one, runs)),
      ]),
    ],
  }];
}

/** A target: `80 %`, `0.5`. */
function formatTarget({ unit }: MetricSummary, target: number): string {
  return unit === "share" ? `${Number((100 * target).toFixed(2))} %` : String(target);
}

/** `12.4, 5 min 10 s`, and the number of runs unless all reached it. */
function formatReached({ runs, epoch, seconds }: ReachedSummary, all: number): string {
  if (epoch === null) return NONE;
  return [
    epoch.toFixed(1),
    ...(seconds === null ? [] : [formatDuration(seconds)]),
    ...(runs < all ? [`${runs} of ${all} runs`] : []),
  ].join(", ");
}
