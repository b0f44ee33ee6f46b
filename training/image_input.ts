/** The pictures of a batch, as a training's programs take them. */
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

/** Numbers of the table that noise is taken from, beginning anywhere. */
const NOISE = 2 ** 16;

/** What is done to the pictures of a training batch. */
interface InputChanges extends Partial<Pick<StepTransform, "padding" | "erasing">> {
  /** Whether they are mixed with each other. Default false. */
  readonly mixes?: boolean;
}

/**
 * Normalised pictures, from the input `pixels` u8 [N, H, W, C]. While training they are changed as
 * other inputs say: cropped from the zero-padded picture and mirrored by `transforms` i32 [N, 3]
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

/** What is drawn anew for training images in every epoch, beside what makes them images. */
export interface TrainingChanges {
  /** Random changes of each image, in this order. Default: none. */
  readonly augmentation?: readonly AugmentationChoice[];
  /** How the images of a batch are mixed with each other. Default: not at all. */
  readonly mixing?: MixingOptions;
}

/**
 * How a training's programs take images that are changed so. Throws InputError, `at` the change, for
 * one that does not fit the images.
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

/** What stands in erased rectangles: a colour, or standard normal noise. */
function erasedValues({ value }: Erasing, channels: number): Float32Array {
  if (value !== "random") {
    return typeof value === "number"
      ? new Float32Array(channels).fill(value)
      : Float32Array.from(value);
  }
  const random = new RandomStream({ seed: 0, stream: STREAM.augmentation });
  return Float32Array.from({ length: NOISE }, () => random.normal());
}
