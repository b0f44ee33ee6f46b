/** The result of a comparison as plain data: everything that its formats show. */

import type { MetricInfo } from "../training/metrics/metric.ts";
import type { PairedStatistics, Spread } from "./paired.ts";

/** A config key and its value, `null` if unset. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
}

/** Cost of a run; null if not logged. */
export interface RunCosts {
  /** Seconds of training and validation. */
  readonly seconds: number | null;
  /** Training images per second, without validation. */
  readonly imagesPerSecond: number | null;
  /** Peak memory of its process in bytes. */
  readonly memory: number | null;
}

/** Size of a network. */
export interface NetworkSize {
  readonly trainingParameters: number;
  /** Numbers in its kernels, factors and biases after folding. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations per image after folding. */
  readonly macs: number;
}

/** When a run first reached a value. */
export interface Reached {
  readonly target: number;
  /** Epoch, from 1; null if the run never reached it. */
  readonly epoch: number | null;
  /** Seconds of training and validation until then; also null if not logged. */
  readonly seconds: number | null;
}

/** Which validation of a run counts: its last, or the best one by its monitored metric. */
export const MOMENTS = ["last", "best"] as const;
export type Moment = typeof MOMENTS[number];

/** A run of the result. */
export interface RunSummary extends RunCosts {
  readonly name: string;
  readonly path: string;
  readonly variant: string;
  readonly seed: number;
  readonly epochs: number;
  /** By names of metrics; null if not finite. */
  readonly values: Readonly<Record<string, number | null>>;
  readonly reached: readonly Reached[];
}

/** A run whose training diverged: it has no result. */
export type DivergedSummary = Pick<RunSummary, "name" | "path" | "variant" | "seed">;

/** A variant of the result; its size is null if all its runs diverged. */
export interface VariantSummary extends Record<keyof NetworkSize, number | null> {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Number of finished runs; all means are over these. */
  readonly runs: number;
  readonly diverged: number;
  readonly seconds: Spread;
  readonly imagesPerSecond: Spread;
  /** Largest of its runs. */
  readonly memory: number | null;
  /** By target: number of runs that reached it, and means over these. */
  readonly reached: readonly ReachedSummary[];
}

/** How soon the runs of a variant reached a target. */
export interface ReachedSummary extends Reached {
  readonly runs: number;
}

/** A variant against the baseline. */
export interface PairedSummary extends PairedStatistics {
  /** p of the t test, corrected by Holm for all variants; null without a test. */
  readonly adjustedP: number | null;
  /** Pairs needed to detect an effect as large as observed; null for no effect, and over 10,000. */
  readonly pairsNeeded: number | null;
}

/** A variant's values of one metric. */
export interface MetricEntry extends Spread {
  readonly variant: string;
  /** Absent for the baseline. */
  readonly paired?: PairedSummary;
}

/** All variants' values of one metric. */
export interface MetricSummary extends MetricInfo {
  readonly name: string;
  readonly entries: readonly MetricEntry[];
}

/** A whole comparison. */
export interface Comparison {
  readonly baseline: string;
  /** The requested baseline, if all its runs diverged. */
  readonly divergedBaseline?: string;
  readonly at: Moment;
  readonly seeds: readonly number[];
  readonly metrics: readonly MetricSummary[];
  /** The metric of the targets. */
  readonly targetMetric: string;
  /** Variants without a finished run come last. */
  readonly variants: readonly VariantSummary[];
  readonly runs: readonly RunSummary[];
  readonly diverged: readonly DivergedSummary[];
}

/** A metric over the epochs, for all variants. */
export interface Curves extends Pick<MetricInfo, "title" | "unit"> {
  readonly variants: readonly Curve[];
}

/** The same for one variant, null without a value. */
export interface Curve {
  readonly name: string;
  readonly runs: number;
  readonly epochs: readonly number[];
  readonly mean: readonly number[];
  /** The smallest and the largest of its runs. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}
