/**
 * Augmentation presets. A preset depends on the size of the training images: small ones are shifted a
 * little, larger ones are cropped and scaled.
 */
import type { AugmentationChoice } from "./augmentations/registry.ts";
import type { ImageShape } from "./image_source.ts";
import type { MixingOptions } from "./mixing/options.ts";
import type { TransformChoice } from "./transforms/registry.ts";

/** The presets, from weakest to strongest. */
export const PRESETS = ["none", "light", "standard", "strong"] as const;

/** The name of a preset. */
export type PresetName = typeof PRESETS[number];

/** What a preset stands for, in config form. */
export interface Preset {
  /** `data.train`; absent if training images are transformed like evaluated ones. */
  readonly train?: readonly TransformChoice[];
  /** `data.augmentation`. */
  readonly augmentation: readonly AugmentationChoice[];
  /** `data.mixing`; absent if images are not mixed. */
  readonly mixing?: MixingOptions;
}

/** Longer side up to which images count as small: those of CIFAR, SVHN, Tiny ImageNet. */
const SMALL = 64;

/** Shift of small images, as a fraction of their sides. */
const MOVED = { light: 1 / 16, standard: 1 / 8, strong: 1 / 8 };

/** Smallest area fraction of a crop of a larger image: fastai's for easy data, torchvision's. */
const MIN_PART = { light: 0.35, standard: 0.08, strong: 0.08 };

/**
 * The contents of a preset for images of a size. `standard` is what nearly every paper does; `strong` adds
 * what torchvision's newer ImageNet recipe does, for trainings of many epochs.
 *
 * @param shape of the training images; grey ones are not mirrored, since mirrored digits and letters
 *   change their meaning
 * @param measured transforms of evaluated images, with which small training images begin
 */
export function presetOf(
  name: PresetName,
  { height, width, channels }: ImageShape,
  measured: readonly TransformChoice[] = [],
): Preset {
  if (name === "none") return { augmentation: [] };
  const mirror = channels === 1 ? [] : ["horizontal_flip" as const];
  const isSmall = Math.max(height, width) <= SMALL;
  const padding = Math.round(MOVED[name] * Math.min(height, width));
  const part: TransformChoice = {
    name: "random_resized_crop",
    size: [height, width],
    scale: [MIN_PART[name], 1],
  };
  const moved: AugmentationChoice[] = [
    ...(padding > 0 ? [{ name: "random_crop" as const, padding }] : []),
    ...mirror,
  ];
  const cut = isSmall ? undefined : [part, ...mirror];
  if (name !== "strong") {
    return { ...(cut ? { train: cut } : {}), augmentation: isSmall ? moved : [] };
  }
  return {
    train: [...(cut ?? measured), "trivial_augment_wide"],
    augmentation: [...(isSmall ? moved : []), { name: "random_erasing", p: 0.1 }],
    mixing: { mixup: { alpha: 0.2 }, cutmix: { alpha: 1 } },
  };
}
