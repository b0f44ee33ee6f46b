/** What is compared: the metrics of runs, and the one that targets refer to. */

import { InputError } from "../errors.ts";
import type { MetricInfo } from "../training/metrics/metric.ts";
import { type Monitor, monitorOf } from "../training/metrics/monitor.ts";
import type { Objective } from "../training/objectives/objective.ts";
import type { Target } from "./targets.ts";

interface NamedMetric extends MetricInfo {
  readonly name: string;
}

/**
 * The metrics with these names, each once; the monitored one if there are none. Throws InputError for a
 * metric that the objective lacks.
 */
export function metricsOf(
  objective: Objective,
  monitor: Monitor,
  names: readonly string[] = [],
): NamedMetric[] {
  return [...new Set(names.length > 0 ? names : [monitor.metric])].map((name) => {
    const { mode } = name === monitor.metric ? monitor : chosenMetric(objective, name);
    return { name, ...objective.metrics[name], mode };
  });
}

/**
 * The metric that targets refer to: for percentages the first that is a share, otherwise the first.
 * Throws InputError for targets outside its range.
 */
export function targetMetric(
  metrics: readonly NamedMetric[],
  targets: readonly Target[] = [],
): NamedMetric {
  const percent = targets.find(({ isPercent }) => isPercent);
  const shares = metrics.filter(({ unit }) => unit === "share");
  const metric = percent ? shares[0] : metrics[0];
  if (!metric) {
    throw new InputError(
      `--targets: found ${spelled(percent!)}, but ${metrics[0].title} is not ` +
        "a percentage; give numbers, such as 0.5,0.4, or another --metric",
    );
  }
  const [least, most] = [0, metric.unit === "share" ? 1 : Infinity];
  const wrong = targets.find(({ value }) => value < least || value > most);
  if (!wrong) return metric;
  const { value, isPercent } = wrong;
  const isMeant = !isPercent && value > 1 && value <= 100;
  throw new InputError(
    `--targets: found ${spelled(wrong)}, expected ${metric.title} ` +
      (metric.unit === "share" ? "from 0 to 1, or 0% to 100%" : "of at least 0") +
      (isMeant ? `; did you mean ${value}%?` : ""),
  );
}

/** A target as the user writes it. */
function spelled({ value, isPercent }: Target): string {
  return isPercent ? `${Number((100 * value).toPrecision(10))}%` : String(value);
}

function chosenMetric(objective: Objective, name: string): Monitor {
  try {
    return monitorOf(objective, name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`--metric: ${error.message}`, { cause: error });
  }
}
