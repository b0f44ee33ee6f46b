/** Objectives: the loss, the counts and metrics, and which result is better. */
import type { Metrics, Sums } from "../../checkpoints/run_state.ts";
import type { TargetColumn, TargetField } from "../../datasets/image_source.ts";
import type { Value } from "../../graph/types.ts";
import type { Activation } from "../../networks/activation.ts";
import type { Entry, z } from "../../schema/entry.ts";
import type { ConfusionMatrix } from "../confusion.ts";
import type { Calibration } from "../metrics/calibration.ts";
import type { MetricInfos } from "../metrics/metric.ts";
import type { Monitor } from "../metrics/monitor.ts";
import type { ImageTally, Judgement, MetricTally, TargetRows } from "./tally.ts";

/** An array of a batch that an objective needs, as a program's input of this name. */
export interface BatchField extends TargetField {
  /** Element type of the input, and of the images' targets in it. */
  readonly name: string;
}

/** The output of `eval` besides metrics. */
export interface EvaluationReport extends ImageTally {
  /** Tables as lines of text. */
  tables(): string[];
  /** The complete report, as plain data. */
  details(): Readonly<Record<string, unknown>>;
  /** Confusions of classes, if each image has one predicted class. */
  readonly confusion?: ConfusionMatrix;
  /** Calibration of the probabilities. */
  readonly calibration?: Calibration;
}

/** The objective of a training. */
export interface Objective {
  /** Its name in the registry. */
  readonly name: string;
  /** Converts logits to probabilities. */
  readonly activation: Activation;
  /**
   * Probability above which a class counts as present, if classes are decided independently.
   * Default 0.5.
   */
  readonly threshold?: number;
  /** Weight of each class's images in the loss, if the weights differ. */
  readonly classWeights?: Float32Array;
  /** The targets of a batch. */
  readonly targets: readonly BatchField[];
  /**
   * Further targets of a batch of mixed images, for {@link Objective.loss}; they describe the
   * mixtures (`datasets/mixing/targets.ts`). Absent if it cannot learn from mixed images.
   */
  readonly mixedTargets?: readonly BatchField[];
  /**
   * Whether loss and sums ignore padding rows. Default: no; the last batch then has a program of
   * its own size, without padding.
   */
  readonly ignoresFilling?: boolean;
  /** The metrics of a validation. */
  readonly metrics: MetricInfos;
  /** The default metric that selects the best validation. */
  readonly monitor: Monitor;
  /** Throws InputError, `at` the target, for a target that is invalid for these classes. */
  checkTargets?(targets: TargetRows): void;
  /**
   * Traces the loss of a batch, a scalar: in training the mean over the images, otherwise the plain
   * sum, without terms that only training adds.
   *
   * @param logits f32 [N, classes]
   * @param targets by the names of {@link Objective.targets}, in training on mixed images also of
   *   {@link Objective.mixedTargets}
   */
  loss(
    logits: Value,
    targets: Readonly<Record<string, Value>>,
    options: { readonly training: boolean },
  ): Value;
  /**
   * Traces the weight of a batch's mean loss among the batches of one step: a scalar. Default: the
   * number of its images.
   */
  weight?(targets: Readonly<Record<string, Value>>): Value | undefined;
  /**
   * Traces the sums over images besides the loss, scalars or one number per class; a program's
   * outputs of these names.
   */
  sums(
    logits: Value,
    targets: Readonly<Record<string, Value>>,
    options: { readonly training: boolean },
  ): Readonly<Record<string, Value>>;
  /**
   * Metrics from sums, in the order of {@link Objective.metrics}; NaN over no image.
   *
   * @param tallied the metrics of {@link Objective.tally}, if there was one
   */
  summarize(sums: Sums, tallied?: Metrics): Metrics;
  /** A tally for metrics of a validation that sums cannot express. Absent if there are none. */
  tally?(): MetricTally;
  /** The judgement of each image of a batch. Absent if outputs cannot be right or wrong. */
  judge?(logits: Float32Array, targets: TargetRows): Judgement[];
  /** A report on an evaluation. */
  report(classNames: readonly string[]): EvaluationReport;
}

/** Facts about a network's classes. */
export interface NetworkClasses {
  /** Their number. */
  readonly classes: number;
  /** In the order of the logits, if they have names. */
  readonly classNames?: readonly string[];
  /** Number of training images per class, if it is trained. */
  readonly targets?: Readonly<Record<string, Pick<TargetColumn, "data">>>;
}

/** An objective that a config can name. */
export interface ObjectiveEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** The objective for a network of these classes. */
  build(options: z.output<S>, network: NetworkClasses): Objective;
}
