/** What sees every image of an evaluation, and what is said of one. */
import type { Metrics } from "../../checkpoints/run_state.ts";

/** Targets of the images of a batch by name, without filling. */
export type TargetRows = Readonly<Record<string, ArrayLike<number>>>;

/** Sees the logits of every image of an evaluation. */
export interface ImageTally {
  /**
   * Takes a batch.
   *
   * @param logits f32 [N, classes]; there may be rows of filling behind the images
   * @param targets by the names of an objective's `targets`
   */
  add(logits: Float32Array, targets: TargetRows): void;
}

/** A tally whose result is metrics. */
export interface MetricTally extends ImageTally {
  /** What was found. */
  metrics(): Metrics;
}

/** What a network says of an image, beside what it is. */
export interface Judgement {
  /** Classes that it is of, from 0. */
  readonly labels: readonly number[];
  /** Classes that it was taken for. */
  readonly predicted: readonly number[];
  /** The image's loss, without what only training adds. */
  readonly loss: number;
  /** Whether anything that was decided is wrong. */
  readonly isMistake: boolean;
  /** Of a mistake the probability that the network gave to the worst thing it got wrong, 0 to 1. */
  readonly confidence: number;
}
