/** The program that classifies images: preprocess, forward. */
import type { ImageShape } from "../files/pixels.ts";
import type { Parameter } from "../graph/parameter.ts";
import { input, output, trace } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { type ChannelStatistics, preprocess } from "../ops/preprocess.ts";

/** The images a model takes. */
export interface ImageFormat {
  /** Extents of an image. */
  readonly input: ImageShape;
  /** Mean and standard deviation that pixels scaled to [0, 1] are normalized with. */
  readonly normalization: ChannelStatistics;
}

/**
 * A model's inference program `infer` with its parameters as constants: input `pixels` u8
 * [batchSize, H, W, C], output `logits` f32 [batchSize, classes]. Throws InputError, naming the
 * layer, for a model that does not take such images.
 *
 * @param numbers the values to use for a parameter. Default: its present ones
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
    output("logits", model.call(preprocess(pixels, undefined, { mean, std })));
  });
}
