/** The page of a comparison: conclusions, tables, pairs, curves, costs, config. */
/// <reference lib="dom" />
import type { MetricEntry, MetricSummary } from "../../comparison/comparison.ts";
import {
  formatDifference,
  formatInterval,
  formatP,
  formatSpread,
  shownTests,
} from "../../comparison/verdict.ts";
import {
  capitalized,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatSi,
} from "../../reporting/format.ts";
import { Chart } from "../kit/chart.ts";
import { chartRow, commandLine, element, remark, section } from "../kit/dom.ts";
import { pageData, showPage } from "../kit/layout.ts";
import { formatOf, type NumberFormat, ticksOf } from "../kit/numbers.ts";
import { type Column, dataTable } from "../kit/table.ts";
import type { ComparisonData } from "./data.ts";

const { comparison, verdicts, curves, config, command } = pageData<ComparisonData>();
const { baseline, at, seeds, metrics, variants, runs, targetMetric } = comparison;
type Variant = typeof variants[number];
const hasResults = runs.length > 0;

/** A table of text sorted by its numbers. */
const text = <Row>(
  title: string,
  value: (row: Row) => number | null | undefined,
  show: (value: number, row: Row) => string,
) => ({
  title,
  value: (row: Row) => value(row) ?? null,
  show: (row: Row) => {
    const found = value(row);
    return found === null || found === undefined ? undefined : show(found, row);
  },
});

showPage(
  `${formatNumberOf(variants.length, "variant")}, ` +
    (hasResults
      ? `${formatNumberOf(seeds.length, "seed")}; the ${at} validation of each run counts`
      : "and none of their runs has a result"),
  [
    section(
      "result",
      "Result",
      element("ul", {}, ...verdicts.map((verdict) => element("li", {}, verdict))),
      ...(hasResults ? metrics.map(differences) : []),
    ),
    ...(hasResults ? [pairs(), courses()] : []),
    section("costs", "Time and size", costs(), ...targets()),
    ...(hasResults ? [section("runs", "Runs", everyRun())] : []),
    section(
      "config",
      "Config",
      ...settings(),
      element("p", {}, `From a run of ${baseline}:`),
      element("pre", { tabindex: 0 }, config),
      commandLine(command),
    ),
  ],
);

function pairs(): HTMLElement {
  return section(
    "pairs",
    "Pairs",
    remark(
      "Each point is a run. Points above each other have the same seed: the same images in the same " +
        "order.",
    ),
    chartRow(...metrics.flatMap((metric) => [
      bySeed(metric, metric.title, formatOf(metric), (value) => value),
      ...(variants.length > 1 ? [differencesBySeed(metric)] : []),
    ])),
  );
}

/** Curves over epochs. */
function courses(): HTMLElement {
  return section(
    "curves",
    "Curves",
    remark("Lines are means over seeds; the areas around them reach from minimum to maximum."),
    chartRow(...curves.map(({ title, unit, variants }) =>
      new Chart({
        title: capitalized(title),
        x: { label: "epoch", isWhole: true },
        y: {
          label: title,
          format: ticksOf({ unit }),
          ...(unit === "number" ? { log: "offered" as const } : {}),
        },
        series: variants.map(({ name, runs, epochs, mean, low, high }) => ({
          name,
          x: epochs,
          y: mean,
          ...(runs > 1 ? { band: { low, high } } : {}),
        })),
        sync: "epochs",
        saysLast: true,
      }).element
    )),
  );
}

function differences(metric: MetricSummary): HTMLElement {
  type Row = MetricEntry;
  const difference = ({ paired }: Row) => paired?.difference;
  const tests = ({ paired }: Row) => paired && shownTests(paired);
  return dataTable<Row>({
    caption: `${metric.title}, differences from ${baseline}` +
      (metric.unit === "share" ? " in percentage points" : ""),
    columns: [
      { title: "variant", value: ({ variant }) => variant },
      text<Row>("mean ± sd", ({ mean }) => mean, (_, row) => formatSpread(metric, row)),
      text("difference", (row) => difference(row)?.mean, (mean) => formatDifference(metric, mean)),
      text(
        "95 % interval",
        (row) => tests(row)?.interval?.[0],
        (_, row) => formatInterval(metric, difference(row)!.interval!),
      ),
      text("p (t test)", (row) => tests(row)?.p, formatP),
      text("p (Holm)", (row) => tests(row)?.adjustedP, formatP),
      text("effect d_z", (row) => difference(row)?.effect, (effect) => effect.toFixed(2)),
      text("p (Wilcoxon)", (row) => tests(row)?.wilcoxon, formatP),
      text("p (signs)", (row) => tests(row)?.signs, formatP),
    ],
    rows: metric.entries,
  });
}

function differencesBySeed(metric: MetricSummary): HTMLElement {
  return bySeed(
    metric,
    `${metric.title} minus ${baseline}'s`,
    (difference) => formatDifference(metric, difference),
    (value, seed) => {
      const pair = runs.find((run) => run.variant === baseline && run.seed === seed);
      const before = pair?.values[metric.name] ?? null;
      return before === null ? null : value - before;
    },
  );
}

/** One point per run, by seed. */
function bySeed(
  { name }: MetricSummary,
  title: string,
  format: NumberFormat,
  shown: (value: number, seed: number) => number | null,
): HTMLElement {
  return new Chart({
    title: `${capitalized(title)}, by seed`,
    x: { label: "seed", isWhole: true, range: [seeds[0] - 0.5, seeds.at(-1)! + 0.5] },
    y: { label: title, format },
    series: variants.filter((variant) => variant.runs > 0).map((variant) => {
      const own = runs.filter((run) => run.variant === variant.name)
        .toSorted((a, b) => a.seed - b.seed);
      return {
        name: variant.name,
        x: own.map(({ seed }) => seed),
        y: own.map(({ values: { [name]: value }, seed }) =>
          value === null ? null : shown(value, seed)
        ),
        style: "points",
      };
    }),
  }).element;
}

/** A table with one row per variant. */
function variantTable(caption: string, columns: readonly Column<Variant>[]): HTMLElement {
  const name: Column<Variant> = { title: "variant", value: ({ name }) => name };
  return dataTable({ caption, columns: [name, ...columns], rows: variants });
}

function settings(): HTMLElement[] {
  const keys = variants[0].settings.map(({ key }) => key);
  if (keys.length === 0) return [];
  return [variantTable(
    "Variants",
    keys.map((key, i) => ({
      title: key,
      value: ({ settings }) => {
        const { value } = settings[i];
        return typeof value === "string" || typeof value === "number"
          ? value
          : JSON.stringify(value);
      },
      format: String,
    })),
  )];
}

function costs(): HTMLElement {
  return variantTable(
    "Cost of a run (mean time and speed, peak memory) and size of its network",
    [
      text("runs", ({ runs }) => runs, formatCount),
      ...(comparison.diverged.length > 0
        ? [text<Variant>("diverged", ({ diverged }) => diverged, formatCount)]
        : []),
      text("parameters", ({ trainingParameters }) => trainingParameters, formatCount),
      text("folded", ({ foldedParameters }) => foldedParameters, formatCount),
      text("MACs", ({ macs }) => macs, formatSi),
      text("time", ({ seconds }) => seconds.mean, formatDuration),
      text("images/s", ({ imagesPerSecond }) => imagesPerSecond.mean, formatCount),
      text("memory", ({ memory }) => memory, formatBytes),
    ],
  );
}

function targets(): HTMLElement[] {
  const { title, unit } = metrics.find(({ name }) => name === targetMetric)!;
  const all = variants[0].reached;
  if (all.length === 0) return [];
  return [variantTable(
    `Cost until the validation reaches ${title}, means of the runs that reach it`,
    all.flatMap(({ target }, i) => {
      const name = formatOf({ unit })(target);
      return [
        text<Variant>(`${name}: epochs`, ({ reached }) => reached[i].epoch, (epoch, row) => {
          const { runs } = row.reached[i];
          return epoch.toFixed(1) + (runs < row.runs ? ` (${runs} of ${row.runs} runs)` : "");
        }),
        text<Variant>(`${name}: time`, ({ reached }) => reached[i].seconds, formatDuration),
      ];
    }),
  )];
}

function everyRun(): HTMLElement {
  type Row = typeof runs[number];
  return dataTable<Row>({
    caption: "All runs",
    columns: [
      { title: "run", value: ({ name }) => name },
      { title: "variant", value: ({ variant }) => variant },
      { title: "seed", value: ({ seed }) => seed },
      { title: "epochs", value: ({ epochs }) => epochs },
      ...metrics.map(({ name, title, unit }) => ({
        title,
        value: ({ values }: Row) => values[name],
        format: formatOf({ unit }),
      })),
      text("time", ({ seconds }) => seconds, formatDuration),
    ],
    rows: runs,
    isSearched: runs.length > 20,
  });
}
