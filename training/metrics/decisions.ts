/** Quality of yes-or-no decisions: precision, recall and F1, by class and over classes. */
import { sum } from "../../reporting/statistics.ts";

/** Counts of decisions, one number per class. */
export interface DecisionCounts {
  /** Decided yes, correctly. */
  readonly truePositives: readonly number[];
  /** Decided yes, wrongly. */
  readonly falsePositives: readonly number[];
  /** Decided no, wrongly. */
  readonly falseNegatives: readonly number[];
}

/** Scores of decisions, each 0 to 1. 0 / 0 is 0, as in scikit-learn. */
export interface DecisionScores {
  /** Share of the predicted positives that are correct. */
  readonly precision: number;
  /** Share of the actual positives that are found. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
}

/** The scores of each class, in the order of the counts. */
export function classScores(counts: DecisionCounts): DecisionScores[] {
  const { truePositives, falsePositives, falseNegatives } = counts;
  return truePositives.map((right, c) => scoresOf(right, falsePositives[c], falseNegatives[c]));
}

/**
 * The mean of classes' scores: without `weights` each class counts the same (macro average); with
 * the classes' numbers of images it is the weighted average. 0 if all weights are 0.
 */
export function macroScores(
  scores: readonly DecisionScores[],
  weights: readonly number[] = scores.map(() => 1),
): DecisionScores {
  const total = sum(weights);
  const mean = (key: keyof DecisionScores) =>
    ratio(sum(scores.map((score, c) => weights[c] * score[key])), total);
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}

/** The scores of all classes' decisions taken together (micro average). */
export function microScores(counts: DecisionCounts): DecisionScores {
  const { truePositives, falsePositives, falseNegatives } = counts;
  return scoresOf(sum(truePositives), sum(falsePositives), sum(falseNegatives));
}

function scoresOf(right: number, falsePositives: number, falseNegatives: number): DecisionScores {
  return {
    precision: ratio(right, right + falsePositives),
    recall: ratio(right, right + falseNegatives),
    f1: ratio(2 * right, 2 * right + falsePositives + falseNegatives),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
