/** What a comparison comes to, as plain data: all that its formats show. */

import type { MetricInfo } from "../training/metrics/metric.ts";
import type { NetworkSize, RunCosts } from "./costs.ts";
import type { PairedStatistics, Spread } from "./paired.ts";
import type { Reached } from "./targets.ts";
import type { Setting } from "./variants.ts";

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

/** A variant, as it is shown. */
export interface VariantSummary extends NetworkSize {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Runs that have ended. */
  readonly runs: number;
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
  readonly at: Moment;
  readonly seeds: readonly number[];
  readonly metrics: readonly MetricSummary[];
  readonly variants: readonly VariantSummary[];
  readonly runs: readonly RunSummary[];
}
