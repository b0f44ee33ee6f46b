/** What a network is trained for: the loss, what is counted, and which result is better. */
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

/** An array of a batch that an objective needs: a program's input of this name. */
export interface BatchField extends TargetField {
  /** Of the input, and of the images' targets that it holds. */
  readonly name: string;
}

/** What `eval` says besides metrics. */
export interface EvaluationReport extends ImageTally {
  /** Tables for a person, as lines of text. */
  tables(): string[];
  /** The same in full, as plain data. */
  details(): Readonly<Record<string, unknown>>;
  /** Which classes were taken for which, where an image is taken for one. */
  readonly confusion?: ConfusionMatrix;
  /** How often what has a probability is so. */
  readonly calibration?: Calibration;
}

/** What a network is trained for. */
export interface Objective {
  /** Its name in the registry. */
  readonly name: string;
  /** What turns the logits into probabilities. */
  readonly activation: Activation;
  /**
   * Probability above which a class is decided for, where each is decided on by itself. Default 0.5.
   */
  readonly threshold?: number;
  /** How much the images of each class count in the loss, where some count more. */
  readonly classWeights?: Float32Array;
  /** What a batch says of its images. */
  readonly targets: readonly BatchField[];
  /**
   * What a batch of mixed images says of them besides, for {@link Objective.loss}; the targets are
   * those of the mixtures (`datasets/mixing/targets.ts`). Absent if it cannot learn from mixed images.
   */
  readonly mixedTargets?: readonly BatchField[];
  /**
   * Whether loss and sums leave rows of filling out. Default: no; they then see none, by a program of
   * the last batch's own size.
   */
  readonly ignoresFilling?: boolean;
  /** The metrics of a validation. */
  readonly metrics: MetricInfos;
  /** Which validation is the best, unless a recipe says otherwise. */
  readonly monitor: Monitor;
  /** Throws InputError, `at` the target, for one that no image of a network of these classes can have. */
  checkTargets?(targets: TargetRows): void;
  /**
   * Traces the loss of a batch, a scalar: in training the mean over the images, otherwise the plain
   * sum, without what only training adds.
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
   * Traces what a batch's mean loss counts among those of several batches that make a step together: a
   * scalar; the number of its images where there is none.
   */
  weight?(targets: Readonly<Record<string, Value>>): Value | undefined;
  /**
   * Traces what is summed over images besides the loss, scalars and one number per class; a
   * program's outputs of these names.
   */
  sums(
    logits: Value,
    targets: Readonly<Record<string, Value>>,
    options: { readonly training: boolean },
  ): Readonly<Record<string, Value>>;
  /**
   * What sums come to, in the order of {@link Objective.metrics}; NaN over no image.
   *
   * @param tallied the metrics of {@link Objective.tally}, where there was one
   */
  summarize(sums: Sums, tallied?: Metrics): Metrics;
  /** A tally for metrics of a validation that sums cannot tell. Absent if there are none. */
  tally?(): MetricTally;
  /** What a network says of each image of a batch. Absent where that cannot be right or wrong. */
  judge?(logits: Float32Array, targets: TargetRows): Judgement[];
  /** A report on an evaluation. */
  report(classNames: readonly string[]): EvaluationReport;
}

/** What is known of the classes of a network. */
export interface NetworkClasses {
  /** How many there are. */
  readonly classes: number;
  /** In the order of the logits, where they have names. */
  readonly classNames?: readonly string[];
  /** Of the images it is trained on, where it is. */
  readonly targets?: Readonly<Record<string, Pick<TargetColumn, "data">>>;
}

/** An objective that a config can name. */
export interface ObjectiveEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** The objective for a network of these classes. */
  build(options: z.output<S>, network: NetworkClasses): Objective;
}
