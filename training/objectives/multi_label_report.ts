/** What an evaluation tells of decisions on every class: precision, recall, F1, average precision. */
import { formatCount, formatPercent, formatTable } from "../../reporting/format.ts";
import type { ClassScores } from "../metrics/class_scores.ts";
import { classScores, type DecisionScores } from "../metrics/decisions.ts";
import type { EvaluationReport, TargetRows } from "./objective.ts";

/** Classes that the table shows; the details have all. */
const SHOWN_CLASSES = 20;

/** How well one class is recognised. */
interface ClassResult extends DecisionScores {
  readonly name: string;
  /** Images that show the class. */
  readonly count: number;
  /** NaN for a class that no image shows. */
  readonly averagePrecision: number;
}

/** Scores each class. */
export class MultiLabelReport implements EvaluationReport {
  /**
   * @param scores of no images yet
   * @param threshold a logit above it decides for a class
   */
  constructor(
    private readonly classNames: readonly string[],
    private readonly scores: ClassScores,
    private readonly threshold: number,
  ) {}

  add(logits: Float32Array, targets: TargetRows): void {
    this.scores.add(logits, targets);
  }

  tables(): string[] {
    const all = this.#perClass();
    const few = all.length <= SHOWN_CLASSES;
    const shown = few ? all : all.filter(({ count }) => count > 0)
      .sort((a, b) => a.averagePrecision - b.averagePrecision).slice(0, SHOWN_CLASSES);
    const rows = shown.map(({ name, count, precision, recall, f1, averagePrecision }) => [
      name,
      formatCount(count),
      ...[precision, recall, f1].map(formatPercent),
      count > 0 ? formatPercent(averagePrecision) : "–",
    ]);
    const heading = few ? "class" : `worst ${shown.length} of ${all.length} classes`;
    return [formatTable(
      [[heading, "images", "precision", "recall", "F1", "average precision"], ...rows],
      ["left", "right", "right", "right", "right", "right"],
    )];
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
