/** The pictures of a batch, as a training's programs take them. */
import { input, isTraining } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import type { ImageFormat } from "../models/inference.ts";
import { augment } from "../ops/augment.ts";

/** Traces the input of a model, from program inputs of its own: f32 [batchSize, …]. */
export type TraceInput = (batchSize: number) => Value;

/**
 * Normalised pictures, from the input `pixels` u8 [N, H, W, C]. While training they are cropped from
 * the zero-padded picture and mirrored as the input `transforms` i32 [N, 3] (offsetY, offsetX, flip)
 * says; see `ops/augment.ts`.
 *
 * @param padding zeros on every side
 */
export function imageInput(
  { input: { height, width, channels }, normalization }: ImageFormat,
  padding: number,
): TraceInput {
  return (batchSize) => {
    const pixels = input("pixels", [batchSize, height, width, channels], "u8");
    if (!isTraining()) return augment(pixels, undefined, normalization);
    const transforms = input("transforms", [batchSize, 3], "i32");
    return augment(pixels, transforms, { ...normalization, padding });
  };
}
