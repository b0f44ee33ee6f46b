/** What a comparison comes to, as plain data: all that its formats show. */

import type { MetricInfo } from "../training/metrics/metric.ts";
import type { PairedStatistics, Spread } from "./paired.ts";

/** A key of a config and a value of it, `null` where it is left out. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
}

/** What a run took; null where it was not logged. */
export interface RunCosts {
  /** Of training and validation. */
  readonly seconds: number | null;
  /** Trained on, validation left out. */
  readonly imagesPerSecond: number | null;
  /** Most bytes of memory that its process took. */
  readonly memory: number | null;
}

/** What a network is made of. */
export interface NetworkSize {
  /** Trained numbers, while it is trained. */
  readonly trainingParameters: number;
  /** Numbers of its kernels, factors and biases once folded. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
}

/** When a run first reached a value. */
export interface Reached {
  readonly target: number;
  /** Number of the epoch, from 1; null for a run that never did. */
  readonly epoch: number | null;
  /** Of training and validation up to there; null where they were not logged, too. */
  readonly seconds: number | null;
}

/** Which validation of a run counts: its last, or the one that its monitor found the best. */
export const MOMENTS = ["last", "best"] as const;
export type Moment = typeof MOMENTS[number];

/** A run, as it is shown. */
export interface RunSummary extends RunCosts {
  readonly name: string;
  readonly path: string;
  readonly variant: string;
  readonly seed: number;
  readonly epochs: number;
  /** By names of metrics; null for one that is no number. */
  readonly values: Readonly<Record<string, number | null>>;
  readonly reached: readonly Reached[];
}

/** A run whose training diverged: it has no result. */
export interface DivergedSummary {
  readonly name: string;
  readonly path: string;
  readonly variant: string;
  readonly seed: number;
}

/** A variant, as it is shown; its size is null where all its runs diverged. */
export interface VariantSummary extends Record<keyof NetworkSize, number | null> {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Runs that have ended; all means are over these. */
  readonly runs: number;
  /** Runs that diverged. */
  readonly diverged: number;
  readonly seconds: Spread;
  readonly imagesPerSecond: Spread;
  /** The most of its runs. */
  readonly memory: number | null;
  /** By target: how many runs reached it, and means over those. */
  readonly reached: readonly ReachedSummary[];
}

/** How soon the runs of a variant reached a target. */
export interface ReachedSummary {
  readonly target: number;
  readonly runs: number;
  readonly epoch: number | null;
  readonly seconds: number | null;
}

/** A variant against the baseline. */
export interface PairedSummary extends PairedStatistics {
  /** p of the t test, corrected by Holm for all variants; null where there is none. */
  readonly adjustedP: number | null;
  /** Pairs that an effect as large as the one observed takes; null for none, and for over 10,000. */
  readonly pairsNeeded: number | null;
}

/** A variant by one metric. */
export interface MetricEntry extends Spread {
  readonly variant: string;
  /** Absent for the baseline. */
  readonly paired?: PairedSummary;
}

/** All variants by one metric. */
export interface MetricSummary extends MetricInfo {
  readonly name: string;
  readonly entries: readonly MetricEntry[];
}

/** A whole comparison. */
export interface Comparison {
  readonly baseline: string;
  /** The variant that was to be the baseline, where all its runs diverged. */
  readonly divergedBaseline?: string;
  readonly at: Moment;
  readonly seeds: readonly number[];
  readonly metrics: readonly MetricSummary[];
  /** The metric that targets are of. */
  readonly targetMetric: string;
  /** Those without a run that has ended come last. */
  readonly variants: readonly VariantSummary[];
  readonly runs: readonly RunSummary[];
  readonly diverged: readonly DivergedSummary[];
}

/** A metric over the epochs, of all variants. */
export interface Curves extends Pick<MetricInfo, "title" | "unit"> {
  readonly variants: readonly Curve[];
}

/** The same of one. Where it has no value there is none. */
export interface Curve {
  readonly name: string;
  readonly runs: number;
  readonly epochs: readonly number[];
  readonly mean: readonly number[];
  /** The least and the greatest of its runs. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}
