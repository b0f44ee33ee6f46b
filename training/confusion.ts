/** Confusions: which classes a network mistakes for which. */
import type { DecisionCounts } from "./metrics/decisions.ts";

/** How well one class is recognized. */
export interface ClassAccuracy {
  /** Name of the class. */
  readonly name: string;
  /** Images of the class. */
  readonly count: number;
  /** Those classified correctly. */
  readonly correct: number;
  /** Their share, 0 to 1; NaN for a class without images. */
  readonly accuracy: number;
}

/** Images of one class that were predicted as another. */
export interface Confusion {
  /** Name of their true class. */
  readonly label: string;
  /** Name of the predicted class. */
  readonly predicted: string;
  /** Their number. */
  readonly count: number;
  /** Their share of the images of their class, 0 to 1. */
  readonly share: number;
}

/** Counts of images by true class and predicted class. */
export class ConfusionMatrix {
  readonly #counts: number[][];
  readonly #totals: number[];

  /** A matrix over the classes of these names; no image is counted yet. */
  constructor(
    /** Names of the classes, in the order of labels. */
    readonly classNames: readonly string[],
  ) {
    this.#counts = classNames.map(() => classNames.map(() => 0));
    this.#totals = classNames.map(() => 0);
  }

  /** Images by label (row) and predicted class (column). */
  get counts(): readonly (readonly number[])[] {
    return this.#counts;
  }

  /** Counts an image; `predicted` is -1 if the logits are NaN, so that there is no largest. */
  add(label: number, predicted: number): void {
    this.#totals[label]++;
    if (predicted >= 0) this.#counts[label][predicted]++;
  }

  /** The counts as decisions: predicting a class means yes for it and no for all others. */
  decisions(): DecisionCounts {
    const truePositives = this.#counts.map((row, label) => row[label]);
    const others = (label: number, total: number) => total - truePositives[label];
    return {
      truePositives,
      falsePositives: truePositives.map((_, label) =>
        others(label, this.#counts.reduce((sum, row) => sum + row[label], 0))
      ),
      falseNegatives: this.#totals.map((total, label) => others(label, total)),
    };
  }

  /** How well each class is recognized, in the order of labels. */
  perClass(): ClassAccuracy[] {
    return this.classNames.map((name, label) => {
      const [count, correct] = [this.#totals[label], this.#counts[label][label]];
      return { name, count, correct, accuracy: correct / count };
    });
  }

  /** All confusions that occurred, the most frequent first. */
  confusions(): Confusion[] {
    const found = this.#counts.flatMap((row, label) =>
      row.map((count, predicted) => ({
        label: this.classNames[label],
        predicted: this.classNames[predicted],
        count: label === predicted ? 0 : count,
        share: count / this.#totals[label],
      }))
    );
    return found.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  }
}
