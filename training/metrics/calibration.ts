/**
 * Calibration: the distance of a network's confidence from its accuracy (Guo et al. 2017, "On
 * Calibration of Modern Neural Networks"). The confidence in an image is the probability of the
 * most probable class.
 */
import { softmaxRow } from "../../ops/softmax.ts";
import { sum } from "../../reporting/statistics.ts";
import type { ImageTally, TargetRows } from "../objectives/tally.ts";

/** Bins of confidence, as in the paper. */
const CALIBRATION_BINS = 15;

/** The images whose confidence is between two bounds. */
export interface CalibrationBin {
  /** Their number. */
  readonly count: number;
  /** Their mean confidence, 0 to 1; 0 over no image. */
  readonly confidence: number;
  /** The share that is classified correctly; 0 over no image. */
  readonly accuracy: number;
}

/**
 * Counts images of one class each by confidence. Bin m of M, from 1, holds confidences above
 * (m - 1) / M and up to m / M.
 */
export class Calibration implements ImageTally {
  readonly #bins: { count: number; confidence: number; correct: number }[];

  /**
   * Starts without images.
   *
   * @param classes number of classes
   * @param bins number of bins of equal width
   */
  constructor(private readonly classes: number, bins = CALIBRATION_BINS) {
    this.#bins = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }));
  }

  /** Counts the images of a batch, by logits for a softmax. */
  add(logits: Float32Array, { labels }: TargetRows): void {
    const { classes } = this;
    for (let n = 0; n < labels.length; n++) {
      const probabilities = softmaxRow(logits.subarray(n * classes, (n + 1) * classes));
      const confidence = Math.max(...probabilities);
      this.count(confidence, probabilities.indexOf(confidence) === labels[n]);
    }
  }

  /** Counts an image. A confidence of NaN makes the error NaN. */
  count(confidence: number, isCorrect: boolean): void {
    const index = Math.ceil(confidence * this.#bins.length) - 1;
    const bin = this.#bins[Math.max(0, Math.min(index || 0, this.#bins.length - 1))];
    bin.count++;
    bin.confidence += confidence;
    if (isCorrect) bin.correct++;
  }

  /** All bins, the least confident first. */
  bins(): CalibrationBin[] {
    return this.#bins.map(({ count, confidence, correct }) => ({
      count,
      confidence: confidence / Math.max(1, count),
      accuracy: correct / Math.max(1, count),
    }));
  }

  /**
   * The expected calibration error, 0 to 1: the mean distance of a bin's accuracy from its mean
   * confidence, each bin weighted by its images (equation 3). NaN over no image.
   */
  expectedError(): number {
    const gaps = this.#bins.map(({ confidence, correct }) => Math.abs(correct - confidence));
    return sum(gaps) / sum(this.#bins.map(({ count }) => count));
  }
}
