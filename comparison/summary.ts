/** Computes the comparison of runs. */

import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { sum } from "../reporting/statistics.ts";
import { nearestName } from "../schema/nearest.ts";
import type { Monitor } from "../training/metrics/monitor.ts";
import type { Objective } from "../training/objectives/objective.ts";
import { objectiveOf, UNKNOWN_CLASSES } from "../training/objectives/registry.ts";
import { monitored } from "../training/recipe.ts";
import type { ComparedRun } from "./compared_run.ts";
import type {
  Comparison,
  DivergedSummary,
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
import { metricsOf, targetMetric } from "./measures.ts";
import { type Target, usualTargets, whenReached } from "./targets.ts";
import { nameOf, type Variant } from "./variants.ts";

/** A run of a variant. */
export interface VariantRun {
  readonly variant: Variant;
  readonly run: ComparedRun;
}

/** A run of a variant whose training diverged. */
export interface DivergedRun extends Omit<DivergedSummary, "variant"> {
  readonly variant: Variant;
  readonly config: Config;
}

/** Options of a comparison. */
export interface SummaryOptions {
  /** Names of metrics. Default: the monitored one. */
  readonly metrics?: readonly string[];
  /** Default: `last`. */
  readonly at?: Moment;
  /**
   * Name of the variant to compare the others with; if all its runs diverged, the first other variant
   * with a finished run replaces it. Default: the first.
   */
  readonly baseline?: string;
  /** Values of the first metric; percentages are of the first share. Default: ones that every run reaches. */
  readonly targets?: readonly Target[];
  /** Default: none. */
  readonly diverged?: readonly DivergedRun[];
}

/**
 * Compares runs. Throws InputError for none, for two runs of a variant with the same seed, and for an
 * unknown metric or baseline.
 */
export function summarize(all: readonly VariantRun[], options: SummaryOptions = {}): Comparison {
  const { at = "last", diverged = [] } = options;
  if (all.length + diverged.length === 0) {
    throw new InputError("no run has ended yet: there is nothing to compare");
  }
  requireOneOfEach(all);
  const ended = new Set(all.map(({ variant }) => variant));
  const variants = [...ended.union(new Set(diverged.map(({ variant }) => variant)))];
  const names = variants.map(({ name }) => name);
  const { baseline: wanted = names[0] } = options;
  requireBaseline(wanted, names);
  const isThere = ended.size === 0 || all.some(({ variant }) => variant.name === wanted);
  const baseline = isThere ? wanted : names[0];
  const { objective, monitor } = trainedFor(all[0]?.run ?? diverged[0]);
  const metrics = metricsOf(objective, monitor, options.metrics);
  const { name, ...info } = targetMetric(metrics, options.targets);
  const targets = options.targets?.map(({ value }) => value) ??
    usualTargets(all.map(({ run }) => run.log), name, info);
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
    ...(isThere ? {} : { divergedBaseline: wanted }),
    at,
    seeds: [...new Set(runs.map(({ seed }) => seed))].toSorted((a, b) => a - b),
    metrics: metrics.map((metric) => ({
      ...metric,
      entries: entriesOf(runs, names, baseline, metric.name),
    })),
    targetMetric: name,
    variants: variants.map((variant) => ({
      ...variantSummary(
        variant,
        all.find((one) => one.variant === variant)?.run,
        runs.filter((run) => run.variant === variant.name),
        targets,
      ),
      diverged: diverged.filter((run) => run.variant === variant).length,
    })),
    runs,
    diverged: diverged.map(({ name, path, variant, seed }) => ({
      ...{ name, path, variant: variant.name, seed },
    })),
  };
}

/** Throws InputError unless one of these variants is the baseline. */
export function requireBaseline(baseline: string, names: readonly string[]): void {
  if (names.includes(baseline)) return;
  const nearest = nearestName(baseline, names);
  throw new InputError(
    `--baseline: there is no variant "${baseline}"; ` +
      (nearest === undefined
        ? `variants: ${names.map((name) => `"${name}"`).join(", ")}`
        : `did you mean "${nearest}"?`),
  );
}

function requireOneOfEach(all: readonly VariantRun[]): void {
  const places = new Map<string, string>();
  for (const { variant: { name, settings }, run: { seed, path } } of all) {
    const key = `${name} with seed ${seed}`;
    const other = places.get(key);
    if (other !== undefined) {
      const shared = settings.map((setting) => `${setting.key}=${nameOf([setting])}, `).join("");
      throw new InputError(
        `${other} and ${path} have the same variant and seed (${shared}seed=${seed}); instead of their  ` +
          "folder, name all runs except one of these",
      );
    }
    places.set(key, path);
  }
}

/** The objective of a run, and the metric that chooses its best validation. */
function trainedFor(
  { config: { training }, header }: Pick<ComparedRun, "config"> & Partial<ComparedRun>,
): { readonly objective: Objective; readonly monitor: Monitor } {
  const { classNames } = header?.description ?? {};
  const classes = classNames?.length ?? UNKNOWN_CLASSES;
  const objective = objectiveOf(training.objective, classes, { classNames });
  return { objective, monitor: monitored(objective, training.monitor) };
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

/** All variants' values of one metric, with p values corrected for several variants. */
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
      // For several variants at the strictest of their levels.
      pairsNeeded: effect === null ? null : pairsNeeded(effect, LEVEL / tested.length),
    };
    return { ...entry, paired: corrected };
  });
}

function variantSummary(
  { name, settings }: Variant,
  first: ComparedRun | undefined,
  runs: readonly RunSummary[],
  targets: readonly number[],
): Omit<VariantSummary, "diverged"> {
  const logged = (key: "seconds" | "imagesPerSecond" | "memory") =>
    runs.flatMap((run) => run[key] ?? []);
  const memory = logged("memory");
  return {
    name,
    settings,
    runs: runs.length,
    ...(first ? sizeOf(first) : { trainingParameters: null, foldedParameters: null, macs: null }),
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
