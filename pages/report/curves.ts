/** Curves from the logs, with a band for runs that differ only in the seed. */
/// <reference lib="dom" />
import { capitalized } from "../../reporting/format.ts";
import { Chart } from "../kit/chart.ts";
import type { ChartOptions, Series } from "../kit/chart_options.ts";
import { chartRow, element, remark, section } from "../kit/dom.ts";
import { formatOf, ticksOf } from "../kit/numbers.ts";
import { bandOf, type CurveOf, type RunGroup } from "./groups.ts";
import { metricsOf } from "./overview.ts";

/** Values logged at steps: title and axis label. */
const STEP_TITLES: Readonly<Record<string, readonly [title: string, label: string]>> = {
  learningRate: ["Learning rate", "learning rate"],
  loss: ["Loss by step", "loss"],
  gradientNorm: ["Gradient norm", "norm"],
  parameterNorm: ["Parameter norm", "norm"],
  updateRatio: ["Update norm / parameter norm", "ratio"],
};

/** Ratio of maximum to minimum from which a logarithmic scale is the default. */
const WIDE = 20;

/** Charts of everything logged by any of the runs. */
export function curves(groups: readonly RunGroup[]): HTMLElement {
  const charts = chartsOf(groups);
  return section(
    "curves",
    "Curves",
    bandsNote(charts),
    charts.length === 0
      ? element("p", { class: "problem" }, "Nothing has been logged yet.")
      : chartRow(...charts.map((chart) => new Chart(chart).element)),
  );
}

/** The charts. */
export function chartsOf(groups: readonly RunGroup[]): ChartOptions[] {
  return [...metricCharts(groups), ...stepCharts(groups), ...timeCharts(groups)]
    .filter(({ series }) => series.length > 0);
}

/** A note on bands, if there are any. */
export function bandsNote(charts: readonly ChartOptions[]): HTMLElement | undefined {
  if (!charts.some(({ series }) => series.some(({ band }) => band))) return undefined;
  return remark("Lines are means over seeds; bands reach from minimum to maximum.");
}

function metricCharts(groups: readonly RunGroup[]): ChartOptions[] {
  const runs = groups.flatMap(({ runs }) => runs);
  return metricsOf(runs).map(([name, metric]) => {
    const series = groups.flatMap((_, colour) => [
      ...seriesOf(groups, colour, "validation", ({ curves: { epochs } }) => ({
        at: epochs.at,
        values: epochs.validation[name],
      })),
      ...seriesOf(groups, colour, "training", ({ curves: { epochs } }) => ({
        at: epochs.at,
        values: epochs.train[name],
      }), true),
    ]);
    return {
      title: capitalized(metric.title),
      x: { label: "epoch", isWhole: true },
      y: {
        label: metric.title,
        format: formatOf(metric),
        ticks: ticksOf(metric),
        ...(metric.unit === "number" ? { log: scaleOf(series) } : {}),
      },
      series,
      saysLast: true,
      sync: "epochs",
    };
  });
}

function stepCharts(groups: readonly RunGroup[]): ChartOptions[] {
  const runs = groups.flatMap(({ runs }) => runs);
  const names = runs.flatMap(({ curves }) => Object.keys(curves.steps.values));
  const averaged = Math.max(1, ...runs.map(({ curves }) => curves.stepsAveraged));
  return [...new Set(["learningRate", ...names])].map((name) => {
    const series = groups.flatMap((_, colour) =>
      seriesOf(groups, colour, "", ({ curves: { epochs, steps } }) => {
        // An epoch's last step is logged with the epoch.
        const ends = name === "learningRate" ? epochs : { steps: [], learningRate: [] };
        const own = Object.hasOwn(steps.values, name)
          ? steps.values[name]
          : steps.at.map(() => null);
        return {
          at: [...steps.at, ...ends.steps],
          values: [...own, ...ends.learningRate],
        };
      })
    );
    const [title, label] = Object.hasOwn(STEP_TITLES, name) ? STEP_TITLES[name] : [name, name];
    return {
      title,
      x: { label: "step", isWhole: true },
      // A schedule that falls to almost nothing is easier to read on a linear scale.
      y: {
        label,
        log: name === "learningRate" ? "offered" : scaleOf(series),
      },
      series,
      saysLast: true,
      isSmoothed: name !== "learningRate",
      sync: "steps",
      ...(averaged > 1 ? { note: `Means of ${averaged} consecutive logged steps.` } : {}),
    };
  });
}

function timeCharts(groups: readonly RunGroup[]): ChartOptions[] {
  const chart = (
    title: string,
    label: string,
    value: (time: Readonly<Record<string, number | null>>) => number | null,
  ): ChartOptions => ({
    title,
    x: { label: "epoch", isWhole: true },
    y: { label },
    series: groups.flatMap((_, colour) =>
      seriesOf(groups, colour, "", ({ curves: { epochs: { at, time } } }) => ({
        at,
        values: at.map((_, i) =>
          value(Object.fromEntries(Object.entries(time).map(([name, row]) => [name, row[i]])))
        ),
      }))
    ),
    saysLast: true,
    sync: "epochs",
  });
  return [
    chart(
      "Images per second in training",
      "images/s",
      ({ images = null, seconds = null, validation }) =>
        images === null || seconds === null ? null : images / (seconds - (validation ?? 0)),
    ),
    chart("Time per epoch", "seconds", ({ seconds = null }) => seconds),
    chart("Process memory", "MiB", ({ memory = null }) => memory && memory / 2 ** 20),
  ];
}

/** The curve of the group with an index, which determines its color; none if it has no value. */
function seriesOf(
  groups: readonly RunGroup[],
  colour: number,
  what: string,
  curveOf: CurveOf,
  isDashed = false,
): Series[] {
  const { x, mean, band } = bandOf(groups[colour], curveOf);
  if (x.length === 0) return [];
  const isAlone = groups.length === 1 && what !== "";
  const name = [...(isAlone ? [] : [groups[colour].name]), ...(what === "" ? [] : [what])].join(
    ", ",
  );
  return [{ name, x, y: mean, colour, isDashed, ...(band ? { band } : {}) }];
}

/** Logarithmic by default if a few large values would flatten all others. */
function scaleOf(series: readonly Series[]): "on" | "offered" {
  const values = series.flatMap(({ y }) => y).filter((value) => value !== null);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = values.reduce((a, b) => Math.max(a, b), 0);
  return least > 0 && greatest > WIDE * least ? "on" : "offered";
}
