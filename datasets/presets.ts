/**
 * Augmentation by one word. What a preset holds depends on the size at which images are trained on:
 * small ones are moved a little, of larger ones parts are cut out and scaled.
 */
import type { AugmentationChoice } from "./augmentations/registry.ts";
import type { ImageShape } from "./image_source.ts";
import type { MixingOptions } from "./mixing/options.ts";
import type { TransformChoice } from "./transforms/registry.ts";

/** The presets, from nothing to much. */
export const PRESETS = ["none", "light", "standard", "strong"] as const;

/** The name of a preset. */
export type PresetName = typeof PRESETS[number];

/** What a preset holds, as one could write it in a config. */
export interface Preset {
  /** `data.train`; absent if images that are trained on are those that are measured on. */
  readonly train?: readonly TransformChoice[];
  /** `data.augmentation`. */
  readonly augmentation: readonly AugmentationChoice[];
  /** `data.mixing`; absent if images are not mixed. */
  readonly mixing?: MixingOptions;
}

/** Longer side up to which images are small: those of CIFAR, SVHN, Tiny ImageNet. */
const SMALL = 64;

/** By how much of their sides small images are moved. */
const MOVED = { light: 1 / 16, standard: 1 / 8, strong: 1 / 8 };

/** Of which share of a larger image parts are, at least: fastai's for easy data, torchvision's. */
const MIN_PART = { light: 0.35, standard: 0.08, strong: 0.08 };

/**
 * What a preset holds for images of a size. `standard` is what nearly every paper does; `strong` adds
 * what torchvision's newer recipe for ImageNet does, for trainings of many epochs.
 *
 * @param shape of the images as they are trained on; grey ones are not mirrored, as digits and letters
 *   are no longer themselves then
 * @param measured what is done to images that are measured on: small ones begin with it
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
