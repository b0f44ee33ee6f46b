/** The report of decisions on every class: precision, recall, F1, average precision. */
import { probabilitiesOf } from "../../networks/activation.ts";
import { Calibration } from "../metrics/calibration.ts";
import type { ClassScores } from "../metrics/class_scores.ts";
import { classScores, type DecisionScores } from "../metrics/decisions.ts";
import { classTable } from "./class_table.ts";
import type { EvaluationReport } from "./objective.ts";
import type { TargetRows } from "./tally.ts";

/** How well one class is recognized. */
interface ClassResult extends DecisionScores {
  readonly name: string;
  /** Images that show the class. */
  readonly count: number;
  /** NaN for a class without images. */
  readonly averagePrecision: number;
}

/** Scores each class. */
export class MultiLabelReport implements EvaluationReport {
  /** Calibration of the probabilities of all classes of all images, without unknown targets. */
  readonly calibration: Calibration;

  /**
   * @param scores without images
   * @param threshold a logit above it means yes for a class
   */
  constructor(
    private readonly classNames: readonly string[],
    private readonly scores: ClassScores,
    private readonly threshold: number,
  ) {
    this.calibration = new Calibration(classNames.length);
  }

  add(logits: Float32Array, targets: TargetRows): void {
    this.scores.add(logits, targets);
    const rows = targets[this.scores.field];
    probabilitiesOf(logits.subarray(0, rows.length), "sigmoid").forEach((probability, i) => {
      if (rows[i] >= 0) this.calibration.count(probability, rows[i] > 0.5);
    });
  }

  tables(): string[] {
    return [classTable(this.#perClass(), {
      precision: "precision",
      recall: "recall",
      f1: "F1",
      averagePrecision: "average precision",
    })];
  }

  details(): Readonly<Record<string, unknown>> {
    return { perClass: this.#perClass() };
  }

  #perClass(): ClassResult[] {
    const scores = classScores(this.scores.decisions(this.threshold));
    const counts = this.scores.positives();
    const precisions = this.scores.averagePrecisions();
    return this.classNames.map((name, c) => ({
      name,
      count: counts[c],
      ...scores[c],
      averagePrecision: precisions[c],
    }));
  }
}
