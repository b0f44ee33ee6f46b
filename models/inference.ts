/** The program that classifies pictures: normalise, forward. */
import { input, output, trace } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { augment } from "../ops/augment.ts";

/** The pictures a model takes. */
export interface ImageFormat {
  /** Extents of a picture, in pixels and channels. */
  readonly input: { readonly height: number; readonly width: number; readonly channels: number };
  /** Subtracted from and divided out of pixels scaled to [0, 1], one number a channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/**
 * A model's inference program `infer` with its present parameters as constants: input `pixels` u8
 * [batchSize, H, W, C], output `logits` f32 [batchSize, classes]. Throws InputError, naming the
 * layer, for a model that does not take such pictures.
 */
export function inferenceProgram(model: Module, format: ImageFormat, batchSize: number): Program {
  const { input: { height, width, channels }, normalization: { mean, std } } = format;
  model.namedParameters(); // names the constants
  return trace({ name: "infer" }, () => {
    const pixels = input("pixels", [batchSize, height, width, channels], "u8");
    output("logits", model.call(augment(pixels, undefined, { padding: 0, mean, std })));
  });
}
