/** Chooses which images are for training and which for validation. */
import { InputError } from "../errors.ts";
import type { OpenDataset, OpenPictures } from "./dataset.ts";
import type { ImageSource } from "./image_source.ts";

/**
 * A dataset whose last `count` training images replace its validation images: always the same ones. Throws
 * InputError, `at` `heldOut`, if none would remain for training.
 */
export function holdOut<D extends OpenDataset | OpenPictures>(opened: D, count: number): D {
  const all = opened.info.sizes.train;
  if (!Number.isInteger(count) || count < 1 || count >= all) {
    throw new InputError(
      `found ${count} images to hold out, expected an integer from 1 to ${all - 1}, so that ` +
        "images remain for training",
      { at: ["heldOut"] },
    );
  }
  const cut = all - count;
  return {
    ...opened,
    info: { ...opened.info, sizes: { train: cut, test: count } },
    async load() {
      const { train } = await opened.load();
      return { train: train.slice(0, cut), test: train.slice(cut, all) };
    },
  };
}

/** The first `limit` images, by default all. Throws InputError if there are fewer. */
export function firstOf(source: ImageSource, limit = source.count): ImageSource {
  if (limit <= source.count) return source.slice(0, limit);
  throw new InputError(`found ${limit}, expected at most ${source.count}, the number of images`);
}
