/** The program that classifies pictures: normalise, forward. */
import type { Parameter } from "../graph/parameter.ts";
import { input, output, trace } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { preprocess } from "../ops/preprocess.ts";

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
 *
 * @param numbers what takes the place of a parameter's present numbers
 */
export function inferenceProgram(
  model: Module,
  format: ImageFormat,
  batchSize: number,
  numbers = ({ data }: Parameter): Float32Array => data,
): Program {
  const { input: { height, width, channels }, normalization: { mean, std } } = format;
  model.namedParameters(); // names the constants
  const bind = (parameter: Parameter) => ({ constant: numbers(parameter) });
  return trace({ name: "infer", bind }, () => {
    const pixels = input("pixels", [batchSize, height, width, channels], "u8");
    output("logits", model.call(preprocess(pixels, undefined, { padding: 0, mean, std })));
  });
}
