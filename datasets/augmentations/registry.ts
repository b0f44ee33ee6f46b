/** The augmentations by name, and how a list of them is built. */
import { InputError, within } from "../../errors.ts";
import { type Choice, chosen, requireList } from "../../schema/entry.ts";
import type { AugmentationEntry, HostAugmentation, StepTransform } from "../augmentation.ts";
import type { ImageShape } from "../image_source.ts";
import { horizontalFlip } from "./horizontal_flip.ts";
import { randomCrop } from "./random_crop.ts";
import { randomErasing } from "./random_erasing.ts";
import { verticalFlip } from "./vertical_flip.ts";

/** The augmentations by the names that configs use. */
export const AUGMENTATIONS = {
  random_crop: randomCrop,
  horizontal_flip: horizontalFlip,
  vertical_flip: verticalFlip,
  random_erasing: randomErasing,
} satisfies Record<string, AugmentationEntry>;

/** One augmentation of a list: its name, or `{ name, …options }`. */
export type AugmentationChoice = Choice<typeof AUGMENTATIONS>;

/** A list of augmentations, split by what applies them. */
interface AugmentationPlan {
  /** Applied in this order while batches are prepared. */
  readonly host: readonly HostAugmentation[];
  /** Applied by the training step afterwards. */
  readonly transform: StepTransform;
}

/**
 * Builds a list of augmentations. Throws InputError, `at` the item, for an unknown name, an option that
 * does not fit (or does not fit the images, if their `shape` is given), one that the training step applies
 * before one that it does not, and a second one of a kind that the training step applies once.
 */
export function planAugmentation(
  choices: readonly AugmentationChoice[],
  shape?: ImageShape,
): AugmentationPlan {
  requireList(choices, "augmentations", '[{ name: "random_crop", padding: 4 }, "horizontal_flip"]');
  const host: HostAugmentation[] = [];
  const transform: Partial<StepTransform> = {};
  const ofStep: string[] = [];
  choices.forEach((choice, i) => {
    const { name, built } = within([i], () => {
      const { name, entry, options } = chosen<AugmentationEntry>(
        AUGMENTATIONS,
        choice,
        "augmentation",
      );
      return { name, built: entry.build(options, shape) };
    });
    if ("transform" in built) {
      if (ofStep.includes(name)) {
        throw new InputError(`${name} is in the list twice; expected once`, { at: [i] });
      }
      if (transform.erasing) {
        throw new InputError(
          `the training step erases images after ${name} and normalization; put ${ofStep.at(-1)} ` +
            "after it in the list",
          { at: [i] },
        );
      }
      ofStep.push(name);
      Object.assign(transform, built.transform);
    } else if (ofStep.length > 0) {
      throw new InputError(
        `the training step applies ${ofStep.join(" and ")} after all operations on pixels; ` +
          `put ${name} before it in the list`,
        { at: [i] },
      );
    } else {
      host.push(built);
    }
  });
  return { host, transform: { padding: 0, flip: false, ...transform } };
}
