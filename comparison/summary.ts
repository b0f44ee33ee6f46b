/** Runs of variants, compared. */

import { InputError } from "../errors.ts";
import { sum } from "../reporting/statistics.ts";
import { suggestion } from "../schema/nearest.ts";
import { type Monitor, monitorOf } from "../training/metrics/monitor.ts";
import type { Objective } from "../training/objectives/objective.ts";
import { objectiveOf } from "../training/objectives/registry.ts";
import { monitored } from "../training/recipe.ts";
import type { ComparedRun } from "./compared_run.ts";
import type {
  Comparison,
  MetricEntry,
  Moment,
  PairedSummary,
  ReachedSummary,
  RunSummary,
  VariantSummary,
} from "./comparison.ts";
import { costsOf, sizeOf } from "./costs.ts";
import { holm, type PairedStatistics, pairedStatistics, spreadOf } from "./paired.ts";
import { LEVEL, pairsNeeded } from "./power.ts";
import { usualTargets, whenReached } from "./targets.ts";
import type { Variant } from "./variants.ts";

/** A run of a variant. */
export interface VariantRun {
  readonly variant: Variant;
  readonly run: ComparedRun;
}

/** How runs are compared. */
export interface SummaryOptions {
  /** Names of metrics; the first is what targets are of. Default: the one that is monitored. */
  readonly metrics?: readonly string[];
  /** Default: `last`. */
  readonly at?: Moment;
  /** Name of the variant that the others are compared to. Default: the first. */
  readonly baseline?: string;
  /** Values of the first metric. Default: ones that every run reaches. */
  readonly targets?: readonly number[];
}

/**
 * Compares runs. Throws InputError for none, for two of a variant with one seed, and for a metric or
 * baseline that there is not.
 */
export function summarize(all: readonly VariantRun[], options: SummaryOptions = {}): Comparison {
  requireOneOfEach(all);
  const variants = [...new Set(all.map(({ variant }) => variant))];
  const names = variants.map(({ name }) => name);
  const { at = "last", baseline = names[0] } = options;
  requireBaseline(baseline, names);
  const { objective, monitor } = trainedFor(all[0].run);
  const metrics = (options.metrics ?? [monitor.metric]).map((name) => {
    const { mode } = name === monitor.metric ? monitor : chosenMetric(objective, name);
    return { name, ...objective.metrics[name], mode };
  });
  const [{ name, ...info }] = metrics;
  const targets = options.targets ?? usualTargets(all.map(({ run }) => run.log), name, info);
  const runs = all.map(({ variant, run }): RunSummary => ({
    name: run.name,
    path: run.path,
    variant: variant.name,
    seed: run.seed,
    epochs: run.header.state.epoch,
    values: valuesOf(run, metrics.map(({ name }) => name), at),
    ...costsOf(run.log),
    reached: targets.map((target) => whenReached(run.log, name, info.mode, target)),
  }));
  return {
    baseline,
    at,
    seeds: [...new Set(runs.map(({ seed }) => seed))].toSorted((a, b) => a - b),
    metrics: metrics.map((metric) => ({
      ...metric,
      entries: entriesOf(runs, names, baseline, metric.name),
    })),
    variants: variants.map((variant) =>
      variantSummary(
        variant,
        all.find((one) => one.variant === variant)!.run,
        runs.filter((run) => run.variant === variant.name),
        targets,
      )
    ),
    runs,
  };
}

/** Throws InputError unless one of these variants is the baseline. */
export function requireBaseline(baseline: string, names: readonly string[]): void {
  if (names.includes(baseline)) return;
  throw new InputError(
    `--baseline: there is no variant "${baseline}"${suggestion(baseline, names, "variants")}`,
  );
}

function requireOneOfEach(all: readonly VariantRun[]): void {
  if (all.length === 0) throw new InputError("no run has ended yet: there is nothing to compare");
  const places = new Map<string, string>();
  for (const { variant: { name }, run: { seed, path } } of all) {
    const key = `${name} with seed ${seed}`;
    const other = places.get(key);
    if (other !== undefined) {
      throw new InputError(`${other} and ${path} are both of ${key}; leave one of them out`);
    }
    places.set(key, path);
  }
}

/** What a run is trained for, and the metric that says which validation is the best. */
function trainedFor(
  { config: { training }, header: { description: { classNames } } }: ComparedRun,
): { readonly objective: Objective; readonly monitor: Monitor } {
  const objective = objectiveOf(training.objective, classNames.length, { classNames });
  return { objective, monitor: monitored(objective, training.monitor) };
}

/** A metric that a person names. Throws InputError for one that the objective lacks. */
export function chosenMetric(objective: Objective, name: string): Monitor {
  try {
    return monitorOf(objective, name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`--metric: ${error.message}`, { cause: error });
  }
}

function valuesOf(
  { header: { state } }: ComparedRun,
  names: readonly string[],
  at: Moment,
): Record<string, number | null> {
  const validation = at === "best" ? state.best : state.validation;
  return Object.fromEntries(names.map((name) => {
    const value = validation?.[name];
    return [name, typeof value === "number" && Number.isFinite(value) ? value : null];
  }));
}

/** All variants by one metric, corrected for there being several. */
function entriesOf(
  runs: readonly RunSummary[],
  variants: readonly string[],
  baseline: string,
  metric: string,
): MetricEntry[] {
  const valuesBySeed = (variant: string) =>
    new Map(
      runs.filter((run) => run.variant === variant)
        .flatMap(({ seed, values: { [metric]: value } }) =>
          value === null ? [] : [[seed, value] as const]
        ),
    );
  const base = valuesBySeed(baseline);
  const entries = variants.map(
    (variant): Omit<MetricEntry, "paired"> & { paired?: PairedStatistics } => {
      const own = valuesBySeed(variant);
      const spread = spreadOf([...own.values()]);
      if (variant === baseline) return { variant, ...spread };
      const seeds = [...base.keys()].filter((seed) => own.has(seed));
      const [before, now] = [base, own].map((values) => seeds.map((seed) => values.get(seed)!));
      return { variant, ...spread, paired: pairedStatistics(before, now) };
    },
  );
  const tested = entries.flatMap(({ paired }) => paired?.difference.p ?? []);
  const adjusted = holm(tested);
  return entries.map(({ paired, ...entry }) => {
    if (!paired) return entry;
    const { p, effect } = paired.difference;
    const corrected: PairedSummary = {
      ...paired,
      adjustedP: p === null ? null : adjusted.shift()!,
      // With several variants by the strictest of their levels.
      pairsNeeded: effect === null ? null : pairsNeeded(effect, LEVEL / tested.length),
    };
    return { ...entry, paired: corrected };
  });
}

function variantSummary(
  { name, settings }: Variant,
  first: ComparedRun,
  runs: readonly RunSummary[],
  targets: readonly number[],
): VariantSummary {
  const logged = (key: "seconds" | "imagesPerSecond" | "memory") =>
    runs.flatMap((run) => run[key] ?? []);
  const memory = logged("memory");
  return {
    name,
    settings,
    runs: runs.length,
    ...sizeOf(first),
    seconds: spreadOf(logged("seconds")),
    imagesPerSecond: spreadOf(logged("imagesPerSecond")),
    memory: memory.length > 0 ? Math.max(...memory) : null,
    reached: targets.map((target, i) => reachedBy(target, runs.map(({ reached }) => reached[i]))),
  };
}

function reachedBy(target: number, all: RunSummary["reached"]): ReachedSummary {
  const reached = all.filter(({ epoch }) => epoch !== null);
  const mean = (values: readonly (number | null)[]) =>
    values.length === 0 || values.includes(null) ? null : sum(values.map(Number)) / values.length;
  return {
    target,
    runs: reached.length,
    epoch: mean(reached.map(({ epoch }) => epoch)),
    seconds: mean(reached.map(({ seconds }) => seconds)),
  };
}
