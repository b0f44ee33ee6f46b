/** What a network is trained for: the loss, what is counted, and which result is better. */
import type { Metrics, Sums } from "../../checkpoints/run_state.ts";
import type { DType, Shape, Value } from "../../graph/types.ts";

export type { Metrics, Sums };

/** An array of a batch that an objective needs: a program's input of this name. */
export interface BatchField {
  readonly name: string;
  readonly dtype: DType;
  /** Of one image's part; the input has the batch size before it. */
  readonly shape: Shape;
  /** What rows hold that stand for no image. */
  readonly filling: number;
}

/** Which metric says how good a network is. */
export interface Monitor {
  /** A name in {@link Metrics}. */
  readonly metric: string;
  /** Whether a lower or a higher value is better. */
  readonly mode: "min" | "max";
}

/** What a network is trained for. */
export interface Objective {
  /** Its name in the registry. */
  readonly name: string;
  /** What turns the logits into probabilities. */
  readonly activation: "softmax" | "sigmoid";
  /** What a batch says of its images. Loss and sums ignore rows of filling. */
  readonly targets: readonly BatchField[];
  /** Which validation is the best, unless a recipe says otherwise. */
  readonly monitor: Monitor;
  /**
   * Traces the loss of a batch, a scalar: in training the mean over the images, otherwise the plain
   * sum, without what only training adds.
   *
   * @param logits f32 [N, classes]
   * @param targets by the names of {@link Objective.targets}
   */
  loss(
    logits: Value,
    targets: Readonly<Record<string, Value>>,
    options: { readonly training: boolean },
  ): Value;
  /** Traces what is summed over images besides the loss; a program's outputs of these names. */
  sums(logits: Value, targets: Readonly<Record<string, Value>>): Readonly<Record<string, Value>>;
  /** What sums come to; NaN over no image. */
  summarize(sums: Sums): Metrics;
}
