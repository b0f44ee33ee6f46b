/** The metric by which validations are compared. */
import type { Metrics } from "../../checkpoints/run_state.ts";
import { InputError } from "../../errors.ts";
import { z } from "../../schema/entry.ts";
import { suggestion } from "../../schema/nearest.ts";
import type { MetricInfos } from "./metric.ts";

/** The metric that ranks networks. */
export interface Monitor {
  /** A name in {@link Metrics}. */
  readonly metric: string;
  /** Whether a lower or a higher value is better. */
  readonly mode: "min" | "max";
}

/** `metric` of options that compare validations. */
export const metricSchema = z.string().min(1).describe(
  "A metric of the validation, such as loss or accuracy",
);

/** `mode` of options that compare validations. */
export const modeSchema = z.enum(["min", "max"]).optional().describe(
  "Whether a lower or a higher value is better; by default as the metric is meant",
);

/** A monitor as it is written: the metric alone, or with its mode. */
export const monitorSchema = z.union([
  metricSchema,
  z.strictObject({ metric: metricSchema, mode: modeSchema }),
]);

/** Something with metrics: an objective. */
interface Measured {
  readonly name: string;
  readonly metrics: MetricInfos;
}

/**
 * The monitor of this metric. Throws InputError for one that the objective lacks.
 *
 * @param mode default: as the metric is meant
 */
export function monitorOf(
  { name, metrics }: Measured,
  metric: string,
  mode?: Monitor["mode"],
): Monitor {
  if (Object.hasOwn(metrics, metric)) return { metric, mode: mode ?? metrics[metric].mode };
  throw new InputError(`${name} has no metric "${metric}"${suggestionOf(metrics, metric)}`, {
    at: [],
  });
}

/** The metric that was meant, possibly by its title. */
function suggestionOf(metrics: MetricInfos, word: string): string {
  const titled = Object.keys(metrics).find((name) =>
    metrics[name].title.toLowerCase() === word.toLowerCase()
  );
  return suggestion(titled ?? word, Object.keys(metrics), "metrics");
}

/** A better value of the monitored metric, or an equal or missing one with a lower loss. */
export function isBetter(
  found: Metrics,
  best: Metrics | undefined,
  { metric, mode }: Monitor,
): boolean {
  if (!best) return true;
  // A checkpoint's null, and NaN, count as missing.
  const [now, before] = [found[metric], best[metric]];
  const isTie = now === before || !Number.isFinite(now) && !Number.isFinite(before);
  if (isTie) return !Number.isFinite(best.loss) || found.loss < best.loss;
  if (!Number.isFinite(before)) return true;
  return isBeyond(now, before, mode);
}

/** Whether a value is better than a bound; a value that is not finite never is. */
export function isBeyond(value: number, bound: number, mode: Monitor["mode"]): boolean {
  return Number.isFinite(value) && (mode === "max" ? value > bound : value < bound);
}
