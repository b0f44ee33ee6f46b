/** The parts of a channel reduction. */

import type { Expression, Local, Wide, WideLocal, WideVectors } from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";

/** The parts of a channel reduction that differ from op to op. */
export interface ChannelReduction {
  /** Sums kept for each channel: 1 or 2. */
  readonly sums: 1 | 2;
  /** How many leading inputs are summed over; the others are one number per channel. */
  readonly streams: number;
  /**
   * What is subtracted from each channel's numbers: nothing, an input (its index), or an estimate
   * of the mean of the first input, so that sums of squares do not cancel. Every thread estimates
   * from its own pixels.
   */
  readonly shift: "none" | "estimate" | number;
  /**
   * If the shift is an estimate: the sums of `count` numbers relative to a shift smaller by `by`.
   */
  rebase?(
    sums: readonly Local<"f64">[],
    count: Expression<"f64">,
    by: Local<"f64">,
  ): Expression<"f64">[];
  /** Identifies the reduction in kernels' keys. */
  readonly key: string;
  /** The terms of one pixel, one for each sum. */
  terms(v: WideVectors, streams: readonly Wide[], shift: WideLocal | undefined): Wide[];
  /** The results, one for each output, from the sums. */
  results(sums: ChannelSums): Expression<"f64">[];
}

/** The inputs of one channel's results. */
export interface ChannelSums {
  readonly f: KernelFunction<string>;
  readonly sums: readonly Local<"f64">[];
  /** Number of summed elements. */
  readonly count: number;
  readonly shift: Local<"f64">;
  /** Inputs that are one number per channel, by the node's index. */
  input(index: number): Expression<"f64">;
}

/** How a reduction's memory is laid out and walked. */
export interface ReductionShape {
  readonly channels: number;
  /** Channels rounded up to whole vectors. */
  readonly lanes: number;
  readonly pixels: number;
  readonly pixelBytes: number;
  readonly chunk: number;
  /**
   * Bytes of a thread's f64 sums. They are followed, if it estimates, by its shifts (f32) and the
   * number of its pixels (f64).
   */
  readonly sumBytes: number;
  readonly countOffset: number;
  readonly scratchBytes: number;
}
