/** The conclusions of a comparison, in sentences. */

import { formatNumberOf } from "../reporting/format.ts";
import { formatMetric, type MetricInfo } from "../training/metrics/metric.ts";
import type { Comparison, MetricSummary, PairedSummary, VariantSummary } from "./comparison.ts";
import { LEVEL, POWER } from "./power.ts";

/** Fewest seeds with which the sign tests can fall below the level at all. */
const FEWEST_FOR_SIGNS = 1 + Math.ceil(Math.log2(1 / LEVEL));

/** Most seeds that are recommended: beyond, the effect is called too small. */
const MAX_SEEDS = 100;

/** A difference of a metric, in percentage points for a share: `+0.41`, `-0.0123`. */
export function formatDifference({ unit }: Pick<MetricInfo, "unit">, value: number): string {
  return `${value < 0 ? "" : "+"}${unit === "share" ? (100 * value).toFixed(2) : value.toFixed(4)}`;
}

/** An interval of differences: `-0.41 to +1.20`. */
export function formatInterval(
  metric: Pick<MetricInfo, "unit">,
  interval: readonly [number, number],
): string {
  return interval.map((end) => formatDifference(metric, end)).join(" to ");
}

/** A probability: `0.0123`, `< 0.0001`; `–` if there is none. */
export function formatP(p: number | null): string {
  if (p === null) return "–";
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}

/** The tests to show; null without information: for one pair, or equal differences. */
export function shownTests({ pairs, difference, adjustedP, wilcoxon, signTest }: PairedSummary) {
  const { p, interval } = difference;
  const isTested = pairs > 1;
  return {
    interval: p === null ? null : interval,
    p,
    adjustedP,
    wilcoxon: isTested ? wilcoxon.p : null,
    signs: isTested ? signTest.p : null,
  };
}

/** The conclusions for each variant and metric, and overall. */
export function verdictsOf(
  { metrics, baseline, divergedBaseline, variants, seeds }: Comparison,
): string[] {
  const ended = new Set(variants.filter(({ runs }) => runs > 0).map(({ name }) => name));
  const of = (metric: MetricSummary) =>
    metric.entries.flatMap(({ variant, paired }) =>
      paired && ended.has(variant) ? [verdictOf(metric, variant, baseline, paired)] : []
    );
  const isTested = ended.size > 1 && seeds.length > 1;
  return [
    ...(divergedBaseline === undefined ? [] : [
      `the baseline ${divergedBaseline} diverged; it is replaced by ${baseline}`,
    ]),
    ...variants.flatMap(divergedOf),
    ...metrics.flatMap(of),
    ...(isTested && seeds.length < FEWEST_FOR_SIGNS
      ? [
        `with fewer than ${FEWEST_FOR_SIGNS} seeds the Wilcoxon and sign tests always stay above ` +
        `${100 * LEVEL} %`,
      ]
      : []),
  ];
}

/** The conclusions about diverged runs. */
function divergedOf({ name, runs, diverged }: VariantSummary): string[] {
  if (diverged === 0) return [];
  const all = formatNumberOf(runs + diverged, "run");
  return [
    runs === 0
      ? `${name} diverged: none of ${all} has a result`
      : `${name} diverged in ${diverged} of ${all}: its figures include only the others`,
  ];
}

function verdictOf(
  metric: MetricSummary,
  variant: string,
  baseline: string,
  { pairs, difference, adjustedP, pairsNeeded }: PairedSummary,
): string {
  const { mean, interval, p } = difference;
  if (mean === null) {
    return `${variant} and ${baseline} have no seed in common: nothing can be concluded`;
  }
  const shown = `${metric.title} ${formatDifference(metric, mean)}` +
    (metric.unit === "share" ? " points" : "");
  if (interval === null) {
    return `one seed cannot distinguish ${variant} from ${baseline} (${shown}): train at least two`;
  }
  if (p === null || adjustedP === null) {
    return mean === 0
      ? `${variant} and ${baseline} give the same result for each of ${
        formatNumberOf(pairs, "seed")
      }`
      : `${variant} differs from ${baseline} by the same amount for each seed: ${shown}`;
  }
  const tests = metric.entries.filter(({ paired }) => paired?.difference.p != null).length;
  const details = `${shown}, 95 % interval ${formatInterval(metric, interval)}, ${
    tests > 1 ? "corrected p" : "p"
  } ${formatP(adjustedP).replace(/^(?=\d)/, "= ")}${tests > 1 ? ` of ${tests} tests` : ""}`;
  if (adjustedP < LEVEL) {
    const isBetter = metric.mode === "max" ? mean > 0 : mean < 0;
    return `${variant} is ${isBetter ? "better" : "worse"} than ${baseline}: ${details}`;
  }
  const outlook = pairsNeeded === null || pairsNeeded > MAX_SEEDS
    ? `to detect so small an effect with this spread takes more than ${MAX_SEEDS} seeds`
    : `if the effect is as large as it appears, ${pairsNeeded} seeds would detect it in ` +
      `${100 * POWER} % of such comparisons`;
  return `${formatNumberOf(pairs, "seed")} ${
    pairs === 1 ? "is" : "are"
  } too few to distinguish ${variant} ` +
    `from ${baseline}: ${details}; ${outlook}`;
}

/** A mean and its standard deviation: `91.52 % ± 0.29`. */
export function formatSpread(
  metric: MetricInfo,
  { mean, sd }: { readonly mean: number | null; readonly sd: number | null },
): string {
  if (mean === null) return "–";
  const spread = sd === null
    ? ""
    : ` ± ${metric.unit === "share" ? (100 * sd).toFixed(2) : sd.toFixed(4)}`;
  return formatMetric(metric, mean) + spread;
}
