/** Choosing which images are trained on and which validate. */
import { InputError } from "../errors.ts";
import { imageSize, type Split } from "./dataset.ts";

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
 * The last `count` images, to validate on, and the others, to train on. Always the same ones.
 * Throws InputError if none would be left to train on.
 */
export function holdOut(split: Split, count: number): { train: Split; validation: Split } {
  if (!Number.isInteger(count) || count < 1 || count >= split.count) {
    throw new InputError(
      `found ${count} images to hold out, expected a whole number from 1 to ${split.count - 1}, ` +
        "so that images are left to train on",
    );
  }
  const cut = split.count - count;
  return { train: slice(split, 0, cut), validation: slice(split, cut, split.count) };
}

/** The first `limit` images; all without one. Throws InputError if there are not so many. */
export function firstOf(split: Split, limit = split.count): Split {
  if (limit <= split.count) return slice(split, 0, limit);
  throw new InputError(`found ${limit}, expected at most ${split.count}, the images there are`);
}
