/** What a report shows of its runs: plain JSON. */

/** All of it. */
export interface ReportData {
  /** When it was written, and by what: `Overfold 0.1.0, Deno 2.9.6 on linux (x86_64)`. */
  readonly written: { readonly time: string; readonly by: string };
  readonly runs: readonly RunData[];
}

/** What is known of a run; what is absent, {@link RunData.missing} says why. */
export interface RunData {
  /** The name of its folder, or as much of the path as tells it from the others. */
  readonly name: string;
  readonly folder: string;
  /** How far it is: `finished: 5 epochs`. */
  readonly status: string;
  readonly missing: readonly Missing[];
  /** What a person types to repeat it. */
  readonly command: string;
  /** Every value of its config by its key, such as `training.epochs`, as JSON. */
  readonly config: Readonly<Record<string, string>>;
  /** Metrics of its objective by name. */
  readonly metrics: Readonly<Record<string, ShownMetric>>;
  /** The metric by which its best epoch was chosen. */
  readonly monitor: string;
  readonly curves: Curves;
  /** The best validation. */
  readonly best?: { readonly epoch: number; readonly values: Numbers };
  /** Names and values of what computed it. */
  readonly environment: readonly Fact[];
  /** Its files and their bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly network?: NetworkData;
  readonly evaluation?: EvaluationData;
}

/** Something that the report should have of a run and has not. */
export interface Missing {
  readonly what: "checkpoint" | "network" | "folded network" | "verification" | "evaluation";
  readonly why: string;
}

/** A name and what it is. */
export type Fact = readonly [name: string, value: string];

/** Numbers by name; JSON has null for those that are none. */
export type Numbers = Readonly<Record<string, number | null>>;

/** How a metric is shown. */
export interface ShownMetric {
  readonly title: string;
  readonly unit: "share" | "number";
}

/** What was logged while it trained. */
export interface Curves {
  /** At the ends of epochs: the mean over training images, the validation, times. */
  readonly epochs: {
    readonly at: readonly number[];
    /** Steps taken by then. */
    readonly steps: readonly number[];
    readonly train: Columns;
    readonly learningRate: readonly (number | null)[];
    readonly validation: Columns;
    readonly time: Columns;
  };
  /** At single steps. */
  readonly steps: { readonly at: readonly number[]; readonly values: Columns };
  /** How many logged steps in a row a number of `steps` is the mean of. */
  readonly stepsAveraged: number;
}

/** Numbers by what they are of, in each as many as there are places; null where there is none. */
export type Columns = Readonly<Record<string, readonly (number | null)[]>>;

/** The network, and how its kernels were composed. */
export interface NetworkData {
  /** Facts of its sizes. */
  readonly sizes: readonly Fact[];
  readonly layers: readonly {
    readonly path: string;
    readonly kind: string;
    readonly output: string;
    readonly training: number | null;
    readonly folded: number;
    readonly macs: number;
  }[];
  /** How the folded network compares with the trained one; absent where one of them is. */
  readonly verification?: string;
  /** Kernels of its first convolution. */
  readonly kernels: readonly KernelData[];
  /** How far DO-Conv's D has gone from where it starts, in each layer that has one. */
  readonly factors: readonly FactorData[];
}

/** Kernels of a convolution [O, I, kH, kW]. */
export interface KernelData {
  /** Such as `composed, as it folds`. */
  readonly name: string;
  readonly shape: readonly [number, number, number, number];
  /** A byte for each number, base64: 1 is `-most`, 128 is zero, 255 is `most`. */
  readonly values: string;
  readonly most: number;
}

/** The norms of D - I in a layer, one for each input channel's matrix, over that of I. */
export interface FactorData {
  readonly path: string;
  readonly channels: number;
  readonly least: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly greatest: number;
  /** The norm of what composing changes of the layer's kernel, over that of the stored one. */
  readonly change: number | null;
}

/** How a network does on the validation images. */
export interface EvaluationData {
  /** What was evaluated: the file, on what, by what. */
  readonly about: string;
  readonly results: readonly Fact[];
  readonly classNames: readonly string[];
  /** A row for each class: its name, then numbers. */
  readonly perClass: {
    readonly columns: readonly { readonly title: string; readonly unit: "share" | "count" }[];
    readonly rows: readonly (readonly (number | null)[])[];
  };
  /** Images by class and by what they were taken for, where there are any; the largest counts first. */
  readonly confusion?: readonly (readonly [label: number, predicted: number, count: number])[];
  readonly calibration?: {
    readonly error: number;
    /** What the logits are divided by; absent in a network that is not calibrated. */
    readonly temperature?: number;
    /** What a bin counts: `images`. */
    readonly what: string;
    /** The least confident first. */
    readonly bins: readonly {
      readonly count: number;
      readonly confidence: number;
      readonly accuracy: number;
    }[];
  };
  readonly mistakes?: {
    readonly count: number;
    readonly of: number;
    /** Places in `shown`. */
    readonly worst: readonly number[];
    readonly surest: readonly number[];
    readonly shown: readonly MistakeData[];
  };
}

/** An image that the network is mistaken about. */
export interface MistakeData {
  readonly image: number;
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  readonly loss: number;
  readonly confidence: number;
  /** A PNG file, base64. */
  readonly picture: string;
}
