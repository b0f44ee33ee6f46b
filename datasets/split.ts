/** Choosing which images are trained on and which validate. */
import { InputError } from "../errors.ts";
import type { ImageSource } from "./image_source.ts";

/**
 * The last `count` images, to validate on, and the others, to train on. Always the same ones.
 * Throws InputError if none would be left to train on.
 */
export function holdOut(
  source: ImageSource,
  count: number,
): { train: ImageSource; validation: ImageSource } {
  if (!Number.isInteger(count) || count < 1 || count >= source.count) {
    throw new InputError(
      `found ${count} images to hold out, expected a whole number from 1 to ${source.count - 1}, ` +
        "so that images are left to train on",
    );
  }
  const cut = source.count - count;
  return { train: source.slice(0, cut), validation: source.slice(cut, source.count) };
}

/** The first `limit` images, by default all. Throws InputError if there are fewer. */
export function firstOf(source: ImageSource, limit = source.count): ImageSource {
  if (limit <= source.count) return source.slice(0, limit);
  throw new InputError(`found ${limit}, expected at most ${source.count}, the images there are`);
}
