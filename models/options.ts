/** What every model takes. */
import { Conv2d } from "../layers/conv2d.ts";
import type { Conv2dOptions } from "../layers/convolution_options.ts";
import { convolutionSpecSchema } from "../layers/convolutions.ts";
import type { ConvolutionOptions } from "../layers/convolutions/entry.ts";
import type { Module } from "../layers/module.ts";
import { size } from "../layers/sizes.ts";
import type { Pair } from "../ops/convolution_geometry.ts";
import { type Entry, z } from "../schema/entry.ts";
import { namedConvolutionsSchema } from "./named_convolutions.ts";

/** Options all models share. */
export interface ModelOptions extends ConvolutionOptions {
  /** Number of classes, the length of a row of logits. */
  readonly classes: number;
  /** Channels of the images. Default 3. */
  readonly inputChannels?: number;
  /** Height and width of the images. Default 32. Most models take any size. */
  readonly inputSize?: number | Pair;
}

/** {@link ModelOptions} in plain data, the convolutions by name. */
export const sharedSchema = z.strictObject({
  classes: z.int().min(1).describe("Number of classes"),
  inputChannels: z.int().min(1).optional().describe("Channels of the images; 3 by default"),
  inputSize: size.optional().describe("Height and width of the images; 32 by default"),
  convolution: convolutionSpecSchema.default("conv").describe("Kind of convolution"),
  convolutions: namedConvolutionsSchema.optional(),
});

/** A model that can be built by name; its schema describes the options that it alone has. */
export interface ModelEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** Builds it; its parameters are zero until initialized. Throws InputError for what does not fit. */
  build(options: ModelOptions & z.output<S>): Module;
}

/** A convolution of the kind a model was asked for; `bias` is off unless asked for. */
export function modelConvolution(
  { convolution = (options) => new Conv2d(options) }: ConvolutionOptions,
  options: Conv2dOptions,
): Module {
  return convolution({ bias: false, ...options });
}
