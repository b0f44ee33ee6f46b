/** How soon runs reach given values of a metric. */

import { InputError } from "../errors.ts";
import type { MetricInfo } from "../training/metrics/metric.ts";
import { isBeyond } from "../training/metrics/monitor.ts";
import type { RunLog } from "../training/run_log.ts";
import type { Reached } from "./comparison.ts";
import { cumulated } from "./costs.ts";

/** Spacing of the default targets of a share. */
const STEP = 0.05;
/** Number of default targets. */
const COUNT = 3;

/** A requested value of a metric. */
export interface Target {
  /** A share from 0 to 1, even if given in percent. */
  readonly value: number;
  readonly isPercent: boolean;
}

/** Parses targets: `0.9,0.95`, a share also as `90%`. Throws InputError. */
export function parseTargets(text: string): Target[] {
  return text.split(",").map((part) => {
    const [, number = "", percent] = /^\s*(.*?)\s*(%?)\s*$/.exec(part)!;
    const value = Number(number) / (percent ? 100 : 1);
    if (number !== "" && Number.isFinite(value)) return { value, isPercent: percent !== "" };
    throw new InputError(
      `--targets: found "${part}", expected numbers, such as 0.9,0.95 or 90%,95%`,
    );
  });
}

/**
 * Values that every run reaches, and not all at their first validation: for a share the last multiple
 * of 5 % and the two before it, for another metric the worst of the runs' best values.
 */
export function usualTargets(
  logs: readonly RunLog[],
  metric: string,
  { unit, mode }: Pick<MetricInfo, "unit" | "mode">,
): number[] {
  const [better, worse] = mode === "max" ? [Math.max, Math.min] : [Math.min, Math.max];
  const all = logs.map(({ epochs }) =>
    epochs.flatMap(({ validation }) => validation?.[metric] ?? [])
  ).filter((values) => values.length > 0);
  if (all.length === 0) return [];
  const first = worse(...all.map(([value]) => value));
  const common = worse(...all.map((values) => better(...values)));
  const isLater = (target: number) => isBeyond(target, first, mode);
  if (unit !== "share" || mode !== "max") return [roundedTo(common, mode)].filter(isLater);
  const steps = Math.floor(common / STEP + 1e-9);
  return Array.from({ length: COUNT }, (_, i) => Number((STEP * (steps - i)).toFixed(2)))
    .filter(isLater)
    .reverse();
}

/** When a run first reached a value in a validation. */
export function whenReached(
  log: RunLog,
  metric: string,
  mode: MetricInfo["mode"],
  target: number,
): Reached {
  const index = log.epochs.findIndex(({ validation }) => {
    const value = validation?.[metric];
    return value !== undefined && (mode === "max" ? value >= target : value <= target);
  });
  if (index < 0) return { target, epoch: null, seconds: null };
  return { target, epoch: log.epochs[index].epoch, seconds: cumulated(log)[index] };
}

/** A slightly easier value with two digits. */
function roundedTo(value: number, mode: MetricInfo["mode"]): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  const steps = mode === "max" ? Math.floor(value / unit) : Math.ceil(value / unit);
  return Number((steps * unit).toPrecision(2));
}
