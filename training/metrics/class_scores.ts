/** Metrics of the scores and targets of all images that sums over batches cannot compute. */
import type { ImageTally, TargetRows } from "../objectives/tally.ts";
import { averagePrecision } from "./average_precision.ts";
import type { DecisionCounts } from "./decisions.ts";

/** Stores the scores and targets of every image, class by class. */
export class ClassScores implements ImageTally {
  readonly #scores: number[][];
  readonly #targets: number[][];

  /**
   * @param classes number of classes
   * @param field the name of the targets, f32 [N, classes]
   */
  constructor(classes: number, readonly field: string) {
    const columns = () => Array.from({ length: classes }, (): number[] => []);
    this.#scores = columns();
    this.#targets = columns();
  }

  add(logits: Float32Array, targets: TargetRows): void {
    const classes = this.#scores.length;
    const rows = targets[this.field];
    for (let i = 0; i < rows.length; i++) {
      this.#scores[i % classes].push(logits[i]);
      this.#targets[i % classes].push(rows[i]);
    }
  }

  /** Each class's average precision; NaN for one without a positive image. */
  averagePrecisions(): number[] {
    return this.#scores.map((scores, c) => averagePrecision(scores, this.#targets[c]));
  }

  /** Images that are positive, by class. */
  positives(): number[] {
    return this.#targets.map((column) => column.filter((target) => target > 0.5).length);
  }

  /** Counts of the decisions `logit > threshold`; unknown targets are not counted. */
  decisions(threshold: number): DecisionCounts {
    const count = (isCounted: (yes: boolean, target: number) => boolean) =>
      this.#scores.map((scores, c) =>
        scores.filter((score, i) => isCounted(score > threshold, this.#targets[c][i])).length
      );
    return {
      truePositives: count((yes, target) => yes && target > 0.5),
      falsePositives: count((yes, target) => yes && target >= 0 && target <= 0.5),
      falseNegatives: count((yes, target) => !yes && target > 0.5),
    };
  }
}
