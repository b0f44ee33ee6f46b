/**
 * The report of a classification: how well each class is recognized, confusions, and calibration.
 */
import { formatCount, formatPercent, formatTable } from "../../reporting/format.ts";
import { ConfusionMatrix } from "../confusion.ts";
import { Calibration } from "../metrics/calibration.ts";
import { classTable } from "./class_table.ts";
import type { EvaluationReport } from "./objective.ts";
import type { TargetRows } from "./tally.ts";

/** Number of confusions in the table; the details have all. */
const SHOWN_CONFUSIONS = 10;

/** Counts true and predicted classes. */
export class ClassificationReport implements EvaluationReport {
  readonly confusion: ConfusionMatrix;
  readonly calibration: Calibration;

  constructor(classNames: readonly string[]) {
    this.confusion = new ConfusionMatrix(classNames);
    this.calibration = new Calibration(classNames.length);
  }

  add(logits: Float32Array, targets: TargetRows): void {
    const { labels } = targets;
    this.calibration.add(logits, targets);
    const classes = this.confusion.classNames.length;
    for (let n = 0; n < labels.length; n++) {
      const row = logits.subarray(n * classes, (n + 1) * classes);
      const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
      this.confusion.add(labels[n], row.indexOf(largest));
    }
  }

  tables(): string[] {
    return [
      classTable(this.confusion.perClass(), { accuracy: "accuracy" }),
      ...confusionTables(this.confusion),
      `expected calibration error ${formatPercent(this.calibration.expectedError())}`,
    ];
  }

  details(): Readonly<Record<string, unknown>> {
    return {
      perClass: this.confusion.perClass(),
      confusion: this.confusion.counts,
      expectedCalibrationError: this.calibration.expectedError(),
    };
  }
}

/** The most frequent confusions, if there are any. */
function confusionTables(matrix: ConfusionMatrix): string[] {
  const rows = matrix.confusions().slice(0, SHOWN_CONFUSIONS)
    .map(({ label, predicted, count, share }) => [
      label,
      predicted,
      formatCount(count),
      formatPercent(share),
    ]);
  if (rows.length === 0) return [];
  return [formatTable(
    [["most confused", "taken for", "images", "of the class"], ...rows],
    ["left", "left", "right", "right"],
  )];
}
