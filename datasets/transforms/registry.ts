/** The transforms by name, and how a list of them is built. */
import { InputError, within } from "../../errors.ts";
import { type Choice, chosen, requireList } from "../../schema/entry.ts";
import type { PictureSize, Transform, TransformEntry } from "../transform.ts";
import { affine } from "./affine.ts";
import { autoAugment } from "./auto_augment.ts";
import { centerCrop } from "./center_crop.ts";
import { colorJitter } from "./color_jitter.ts";
import { fit } from "./fit.ts";
import { gaussianBlur } from "./gaussian_blur.ts";
import { grayscale } from "./grayscale.ts";
import { horizontalFlip } from "./horizontal_flip.ts";
import { pad } from "./pad.ts";
import { randAugment } from "./rand_augment.ts";
import { randomCrop } from "./random_crop.ts";
import { randomGrayscale } from "./random_grayscale.ts";
import { randomPerspective } from "./random_perspective.ts";
import { randomResizedCrop } from "./random_resized_crop.ts";
import { resize } from "./resize.ts";
import { rotation } from "./rotation.ts";
import { trivialAugmentWide } from "./trivial_augment_wide.ts";
import { verticalFlip } from "./vertical_flip.ts";

/** The transforms by the names that configs use. */
export const TRANSFORMS = {
  fit,
  resize,
  center_crop: centerCrop,
  random_resized_crop: randomResizedCrop,
  random_crop: randomCrop,
  horizontal_flip: horizontalFlip,
  vertical_flip: verticalFlip,
  pad,
  rotation,
  affine,
  random_perspective: randomPerspective,
  color_jitter: colorJitter,
  grayscale,
  random_grayscale: randomGrayscale,
  gaussian_blur: gaussianBlur,
  auto_augment: autoAugment,
  rand_augment: randAugment,
  trivial_augment_wide: trivialAugmentWide,
} satisfies Record<string, TransformEntry>;

/** One transform of a list: its name, or `{ name, …options }`. */
export type TransformChoice = Choice<typeof TRANSFORMS>;

/** A built list of transforms. */
interface TransformPlan {
  readonly transforms: readonly Transform[];
  /** The size of their result, the same for every image. */
  readonly size: PictureSize;
}

/** The images that a list of transforms is for. */
interface PlanOptions {
  /** Their size; undefined if sizes differ. */
  readonly from?: PictureSize;
  /** Whether the list may be random. */
  readonly isRandom: boolean;
}

/**
 * Builds a list of transforms. Throws InputError, `at` the item, for an unknown name, an option that does
 * not fit and a random one where none is allowed; and for a list that gives images of several sizes.
 */
export function planTransforms(
  choices: readonly TransformChoice[],
  { from, isRandom }: PlanOptions,
): TransformPlan {
  requireList(
    choices,
    "transforms",
    '[{ name: "random_resized_crop", size: 224 }, "horizontal_flip"]',
  );
  let size = from;
  const transforms = choices.map((choice, i) =>
    within([i], () => {
      const { name, entry, options } = chosen<TransformEntry>(TRANSFORMS, choice, "transform");
      const transform = entry.build(options);
      if (transform.isRandom && !isRandom) {
        throw new InputError(
          `${name} is random, but evaluation needs the same images every time; expected ` +
            "for example resize and center_crop",
          { at: [] },
        );
      }
      size = transform.sizeAfter(size);
      return transform;
    })
  );
  if (size) return { transforms, size };
  throw new InputError(
    "these transforms give images of several sizes, but a batch needs one; end with one that has " +
      'both sides, such as { name: "center_crop", size: 224 }',
    { at: [] },
  );
}

/**
 * The transforms of a list before the first random one, which give the same in every epoch, and the others;
 * and the size of the former's result, if it is the same for every image.
 */
export function splitAtRandom(
  choices: readonly TransformChoice[],
  from?: PictureSize,
): {
  readonly fixed: readonly TransformChoice[];
  readonly size?: PictureSize;
  readonly rest: readonly TransformChoice[];
} {
  const built = choices.map((choice) => {
    const { entry, options } = chosen<TransformEntry>(TRANSFORMS, choice, "transform");
    return entry.build(options);
  });
  const first = built.findIndex(({ isRandom }) => isRandom);
  const end = first < 0 ? built.length : first;
  const size = built.slice(0, end).reduce<PictureSize | undefined>(
    (size, transform) => transform.sizeAfter(size),
    from,
  );
  return { fixed: choices.slice(0, end), ...(size ? { size } : {}), rest: choices.slice(end) };
}
