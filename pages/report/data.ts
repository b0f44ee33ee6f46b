/** The data of a report: plain JSON. */

import type { CalibrationBin } from "../../training/metrics/calibration.ts";
import type { MetricInfo } from "../../training/metrics/metric.ts";
import type { Mistake } from "../../training/mistakes.ts";

/** All of it. */
export interface ReportData {
  /** When and by what it was written: `Overfold 0.1.0, Deno 2.9.6 on linux (x86_64)`. */
  readonly written: { readonly time: string; readonly by: string };
  readonly runs: readonly RunData[];
}

/** The data of a run; {@link RunData.missing} explains what is absent. */
export interface RunData {
  /** The name of its folder, or as much of the path as makes it unique. */
  readonly name: string;
  readonly folder: string;
  /** Its progress: `finished: 5 epochs`. */
  readonly status: string;
  readonly missing: readonly Missing[];
  /** The command that repeats it. */
  readonly command: string;
  /** The values of its config by key, such as `training.epochs`, as JSON. */
  readonly config: Readonly<Record<string, string>>;
  /** Metrics of its objective, by name. */
  readonly metrics: Readonly<Record<string, ShownMetric>>;
  /** The metric that chose its best epoch. */
  readonly monitor: string;
  readonly curves: Curves;
  readonly best?: { readonly epoch: number; readonly values: Numbers };
  /** Names and values of its environment. */
  readonly environment: readonly Fact[];
  /** Its files and their sizes in bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly network?: NetworkData;
  readonly evaluation?: EvaluationData;
}

/** Data that is missing for a run. */
export interface Missing {
  readonly what: "checkpoint" | "network" | "folded network" | "verification" | "evaluation";
  readonly why: string;
}

/** A name and a value. */
export type Fact = readonly [name: string, value: string];

/** Numbers by name; null in JSON if not finite. */
export type Numbers = Readonly<Record<string, number | null>>;

/** The format of a metric. */
export type ShownMetric = Pick<MetricInfo, "title" | "unit">;

/** The logs of its training. */
export interface Curves {
  /** At the ends of epochs: means over training images, validation, times. */
  readonly epochs: {
    readonly at: readonly number[];
    /** Steps until then. */
    readonly steps: readonly number[];
    readonly train: Columns;
    readonly learningRate: readonly (number | null)[];
    readonly validation: Columns;
    readonly time: Columns;
  };
  /** At single steps. */
  readonly steps: { readonly at: readonly number[]; readonly values: Columns };
  /** Number of consecutive logged steps averaged into each value of `steps`. */
  readonly stepsAveraged: number;
}

/** Columns of equal length by name; null for missing values. */
export type Columns = Readonly<Record<string, readonly (number | null)[]>>;

/** The network, and how its kernels are composed. */
export interface NetworkData {
  readonly sizes: readonly Fact[];
  readonly layers: readonly {
    readonly path: string;
    readonly kind: string;
    readonly output: string;
    readonly training: number | null;
    readonly folded: number;
    readonly macs: number;
  }[];
  /** How the folded network compares with the trained one; absent if one of them is missing. */
  readonly verification?: string;
  /** Kernels of its first convolution. */
  readonly kernels: readonly KernelData[];
  /** How far DO-Conv's D has moved from its initial value, for each layer that has one. */
  readonly factors: readonly FactorData[];
}

/** Kernels of a convolution [O, I, kH, kW]. */
export interface KernelData {
  /** Such as `composed, folded`. */
  readonly name: string;
  readonly shape: readonly [number, number, number, number];
  /** One byte per number, base64: 1 is `-most`, 128 is zero, 255 is `most`. */
  readonly values: string;
  readonly most: number;
}

/** The norms of D - I in a layer, one for each input channel's matrix, relative to I. */
export interface FactorData {
  readonly path: string;
  readonly channels: number;
  readonly least: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly greatest: number;
  /** The norm of the change of the kernel by composing, relative to the stored kernel. */
  readonly change: number | null;
}

/** Results of a network on the validation images. */
export interface EvaluationData {
  /** What was evaluated: the file, the images, the backend. */
  readonly about: string;
  readonly results: readonly Fact[];
  readonly classNames: readonly string[];
  /** One row per class: its name, then numbers. */
  readonly perClass: {
    readonly columns: readonly { readonly title: string; readonly unit: "share" | "count" }[];
    readonly rows: readonly (readonly (number | null)[])[];
  };
  /** Images by true and predicted class, if recorded; the largest counts first. */
  readonly confusion?: readonly (readonly [label: number, predicted: number, count: number])[];
  readonly calibration?: {
    readonly error: number;
    /** The temperature that divides the logits; absent if not calibrated. */
    readonly temperature?: number;
    /** What a bin counts: `images`. */
    readonly what: string;
    /** From the least confident. */
    readonly bins: readonly CalibrationBin[];
  };
  readonly mistakes?: {
    readonly count: number;
    readonly of: number;
    /** Indices in `shown`. */
    readonly worst: readonly number[];
    readonly surest: readonly number[];
    readonly shown: readonly MistakeData[];
  };
}

/** A wrongly classified image. */
export interface MistakeData extends Omit<Mistake, "isMistake"> {
  /** A PNG file, base64. */
  readonly picture: string;
}
