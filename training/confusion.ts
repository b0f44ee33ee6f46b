/** Which classes a network takes for which. */
import type { DecisionCounts } from "./metrics/decisions.ts";

/** How well one class is recognised. */
export interface ClassAccuracy {
  /** Name of the class. */
  readonly name: string;
  /** Images of the class. */
  readonly count: number;
  /** Those classified rightly. */
  readonly correct: number;
  /** Their share, 0 to 1; NaN for a class without images. */
  readonly accuracy: number;
}

/** Images of one class that were taken for another. */
export interface Confusion {
  /** Name of the class they are of. */
  readonly label: string;
  /** Name of the class they were taken for. */
  readonly predicted: string;
  /** How many. */
  readonly count: number;
  /** Their share of the images of their class, 0 to 1. */
  readonly share: number;
}

/** Counts of images by the class they are of and the class a network takes them for. */
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

  /** Counts an image; `predicted` is -1 where the logits are no numbers, so that no class leads. */
  add(label: number, predicted: number): void {
    this.#totals[label]++;
    if (predicted >= 0) this.#counts[label][predicted]++;
  }

  /** The counts as decisions: predicting a class is deciding for it and against all others. */
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

  /** How well each class is recognised, in the order of labels. */
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
