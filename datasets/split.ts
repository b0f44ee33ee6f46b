/** Choosing which images are trained on and which validate. */
import { InputError } from "../errors.ts";
import { imageSize, type Split, type Splits } from "./dataset.ts";

/** What a model is validated on: the test split, or images held out of the training split. */
export type ValidationSource =
  | "test"
  | {
    readonly from: "train";
    /** How many images are held out. */
    readonly count: number;
    /** Which end of the training split they are taken from. Default `last`. */
    readonly part?: "first" | "last";
  };

/** Options of {@link chooseSplits}. */
export interface SplitOptions {
  /** Default `test`. */
  readonly validation?: ValidationSource;
  /** Train on the first so many images only, counted after the held-out ones are gone. */
  readonly trainLimit?: number;
  /** Validate on the first so many images only. */
  readonly validationLimit?: number;
}

/** Images `from` to `to` - 1, seen in the same memory. Throws InputError if they are not there. */
export function slice(split: Split, from: number, to: number): Split {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > split.count) {
    throw new InputError(`images ${from} to ${to} were asked for; the split has ${split.count}`);
  }
  if (from >= to) throw new InputError("a split needs at least one image");
  const size = imageSize(split.imageShape);
  return {
    images: split.images.subarray(from * size, to * size),
    labels: split.labels.subarray(from, to),
    count: to - from,
    imageShape: split.imageShape,
  };
}

/**
 * The images to train on and those to validate on. Always the same ones for the same options.
 * Throws InputError if more images are asked for than there are, or none would be left.
 */
export function chooseSplits(
  { train, test }: Splits,
  { validation = "test", trainLimit, validationLimit }: SplitOptions = {},
): { train: Split; validation: Split } {
  let chosen = { train, validation: test };
  if (validation !== "test") {
    const { count, part = "last" } = validation;
    if (!Number.isInteger(count) || count < 1 || count >= train.count) {
      throw new InputError(
        `validation.count is ${count}; expected a whole number from 1 to ${train.count - 1}, ` +
          "so that images are left to train on",
      );
    }
    const cut = part === "first" ? count : train.count - count;
    const [first, last] = [slice(train, 0, cut), slice(train, cut, train.count)];
    chosen = part === "first"
      ? { train: last, validation: first }
      : { train: first, validation: last };
  }
  return {
    train: slice(chosen.train, 0, trainLimit ?? chosen.train.count),
    validation: slice(chosen.validation, 0, validationLimit ?? chosen.validation.count),
  };
}
