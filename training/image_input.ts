/** The images of a batch as inputs of a training's programs. */
import type { Erasing, StepTransform } from "../datasets/augmentation.ts";
import { type AugmentationChoice, planAugmentation } from "../datasets/augmentations/registry.ts";
import type { MixingOptions } from "../datasets/mixing/options.ts";
import { within } from "../errors.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { constant, input, isTraining } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import type { ImageFormat } from "../models/inference.ts";
import { preprocess } from "../ops/preprocess.ts";
import { BOX_FIELDS, erase } from "../ops/erase.ts";
import { mix, MIX_FIELDS } from "../ops/mix.ts";

/** Traces the input of a model, from program inputs of its own: f32 [batchSize, …]. */
export type TraceInput = (batchSize: number) => Value;

/** Size of the table that noise is read from, starting anywhere. */
const NOISE = 2 ** 16;

/** Changes of the images of a training batch. */
interface InputChanges extends Partial<Pick<StepTransform, "padding" | "erasing">> {
  /** Whether they are mixed with each other. Default false. */
  readonly mixes?: boolean;
}

/**
 * Normalized images, from the input `pixels` u8 [N, H, W, C]. While training they are changed by
 * other inputs: cropped from the zero-padded image and mirrored by `transforms` i32 [N, 3]
 * (offsetY, offsetX, flip; see `ops/preprocess.ts`), partly erased by `erasures` i32 [N, 5]
 * (`ops/erase.ts`), and mixed by `partners` i32 [N, 5] and `shares` f32 [N] (`ops/mix.ts`).
 */
export function imageInput(
  { input: { height, width, channels }, normalization }: ImageFormat,
  { padding = 0, erasing, mixes = false }: InputChanges = {},
): TraceInput {
  return (batchSize) => {
    const pixels = input("pixels", [batchSize, height, width, channels], "u8");
    if (!isTraining()) return preprocess(pixels, undefined, normalization);
    const transforms = input("transforms", [batchSize, 3], "i32");
    let images = preprocess(pixels, transforms, { ...normalization, padding });
    if (erasing) {
      const values = erasedValues(erasing, channels);
      const boxes = input("erasures", [batchSize, BOX_FIELDS], "i32");
      images = erase(images, boxes, constant([values.length], values));
    }
    if (!mixes) return images;
    const partners = input("partners", [batchSize, MIX_FIELDS], "i32");
    return mix(images, partners, input("shares", [batchSize], "f32"));
  };
}

/** Random changes of training images, drawn in every epoch after their transforms. */
export interface TrainingChanges {
  /** Random changes of each image, in this order. Default: none. */
  readonly augmentation?: readonly AugmentationChoice[];
  /** How the images of a batch are mixed with each other. Default: not mixed. */
  readonly mixing?: MixingOptions;
}

/**
 * The input of a training's programs for images that are changed in this way. Throws InputError,
 * `at` the change, for one that does not fit the images.
 */
export function changedInput(
  images: ImageFormat,
  { augmentation = [], mixing }: TrainingChanges,
): { readonly traceInput: TraceInput; readonly mixes: boolean } {
  const { transform } = within(
    ["augmentation"],
    () => planAugmentation(augmentation, images.input),
  );
  const mixes = mixing !== undefined;
  return { traceInput: imageInput(images, { ...transform, mixes }), mixes };
}

/** The contents of erased rectangles: a color, or standard normal noise. */
function erasedValues({ value }: Erasing, channels: number): Float32Array {
  if (value !== "random") {
    return typeof value === "number"
      ? new Float32Array(channels).fill(value)
      : Float32Array.from(value);
  }
  const random = new RandomStream({ seed: 0, stream: STREAM.augmentation });
  return Float32Array.from({ length: NOISE }, () => random.normal());
}
