/** Names of metrics, and how they are shown. */
import type { Metrics } from "../../checkpoints/run_state.ts";
import { formatPercent } from "../../reporting/format.ts";

/** Facts about a metric. */
export interface MetricInfo {
  /** Its title, such as `top-5 accuracy`. */
  readonly title: string;
  /** A share is from 0 to 1 and shown in percent. */
  readonly unit: "share" | "number";
  /** Whether a lower or a higher value is better. */
  readonly mode: "min" | "max";
  /** Whether it is left out of the lines for steps and epochs, unless it is monitored. */
  readonly isDetail?: boolean;
}

/** Metrics by name, in the order in which they are shown. */
export type MetricInfos = Readonly<Record<string, MetricInfo>>;

/** The mean loss, a metric of every objective. */
export const LOSS: MetricInfo = { title: "loss", unit: "number", mode: "min" };

/**
 * The metrics that lines and summaries show, in order.
 *
 * @param monitored one that is shown even if it is a detail
 */
export function briefMetrics(
  infos: MetricInfos,
  metrics: Metrics,
  monitored?: string,
): [name: string, info: MetricInfo][] {
  return Object.entries(infos).filter(([name, { isDetail }]) =>
    name in metrics && (!isDetail || name === monitored)
  );
}

/** Names of metrics with `loss` last: the most important comes first. */
export function lossLast(names: readonly string[]): string[] {
  return [...names.filter((name) => name !== "loss"), "loss"];
}

/** A metric's value: `97.50 %`, `0.1234`; `–` if there is none. */
export function formatMetric({ unit }: MetricInfo, value: number | null | undefined): string {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  return unit === "share" ? formatPercent(value) : value.toFixed(4);
}

/** Metrics by the names that logs and events have for them, `count` left out. */
export function loggedMetrics(
  { count: _, ...train }: Metrics,
  { count: __, ...validation }: Metrics = {},
): Metrics {
  const named = Object.entries(validation).map(([name, value]) => [validationName(name), value]);
  return { ...train, ...Object.fromEntries(named) };
}

/** The name of a validation's metric in logs and events: `validLoss` for `loss`. */
export function validationName(metric: string): string {
  return `valid${metric[0].toUpperCase()}${metric.slice(1)}`;
}
