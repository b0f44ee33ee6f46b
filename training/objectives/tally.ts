/** Tallies, which receive every image of an evaluation, and judgements of images. */
import type { Metrics } from "../../checkpoints/run_state.ts";

/** Targets of the images of a batch by name, without padding rows. */
export type TargetRows = Readonly<Record<string, ArrayLike<number>>>;

/** Receives the logits of every image of an evaluation. */
export interface ImageTally {
  /**
   * Receives a batch.
   *
   * @param logits f32 [N, classes]; padding rows may follow the images
   * @param targets by the names of an objective's `targets`
   */
  add(logits: Float32Array, targets: TargetRows): void;
}

/** A tally whose result is metrics. */
export interface MetricTally extends ImageTally {
  /** The metrics. */
  metrics(): Metrics;
}

/** A network's result for an image, compared with its targets. */
export interface Judgement {
  /** True classes, from 0. */
  readonly labels: readonly number[];
  /** Predicted classes, from 0. */
  readonly predicted: readonly number[];
  /** The image's loss, without terms that only training adds. */
  readonly loss: number;
  /** Whether any decision is wrong. */
  readonly isMistake: boolean;
  /** For a mistake, the probability of its worst wrong decision, 0 to 1. */
  readonly confidence: number;
}
