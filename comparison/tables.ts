/** A comparison as tables of text: what the terminal and Markdown show. */

import { formatBytes, formatCount, formatDuration, formatSi } from "../reporting/format.ts";
import type { Comparison, MetricSummary, ReachedSummary } from "./comparison.ts";
import { formatDifference, formatInterval, formatP, formatSpread } from "./verdict.ts";

/** A table: the first row is its heading; the first column names variants, the others are numbers. */
export interface Table {
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
    const runs = variants.find(({ name }) => name === variant)!.runs;
    const { mean, interval, p, effect } = paired?.difference ?? {};
    return [
      variant,
      String(runs),
      formatSpread(metric, spread),
      mean == null ? NONE : formatDifference(metric, mean),
      interval ? formatInterval(metric, interval) : NONE,
      formatP(p ?? null),
      formatP(paired?.adjustedP ?? null),
      effect == null ? NONE : effect.toFixed(2),
      formatP(paired?.wilcoxon.p ?? null),
      formatP(paired?.signTest.p ?? null),
    ];
  });
  return {
    title: `${metric.title} of the ${at} validation, differences from ${baseline}`,
    rows: [[...heading, "Wilcoxon p", "sign p"], ...rows],
  };
}

function costTable({ variants }: Comparison): Table {
  return {
    title: "what a run takes, and what it leaves",
    rows: [
      ["", "parameters", "folded", "MACs", "time", "images/s", "memory"],
      ...variants.map((variant) => [
        variant.name,
        formatCount(variant.trainingParameters),
        formatCount(variant.foldedParameters),
        formatSi(variant.macs),
        variant.seconds.mean === null ? NONE : formatDuration(variant.seconds.mean),
        variant.imagesPerSecond.mean === null ? NONE : formatCount(variant.imagesPerSecond.mean),
        variant.memory === null ? NONE : formatBytes(variant.memory),
      ]),
    ],
  };
}

/** Epochs and time until the targets; none where there are no targets. */
function targetTables({ metrics: [metric], variants }: Comparison): Table[] {
  const targets = variants[0].reached.map(({ target }) => formatTarget(metric, target));
  if (targets.length === 0) return [];
  return [{
    title: `epochs and time until the validation's ${metric.title} is reached, means of runs`,
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

/** `12.4, 5 min 10 s`; of how many runs, where not all came there. */
function formatReached({ runs, epoch, seconds }: ReachedSummary, all: number): string {
  if (epoch === null) return NONE;
  return [
    epoch.toFixed(1),
    ...(seconds === null ? [] : [formatDuration(seconds)]),
    ...(runs < all ? [`${runs} of ${all} runs`] : []),
  ].join(", ");
}
