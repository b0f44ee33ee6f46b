/** Options of every model. */
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { BatchNorm2dOptions } from "../layers/batch_norm_options.ts";
import { Conv2d } from "../layers/conv2d.ts";
import { convolutionSpecSchema } from "../layers/convolutions.ts";
import { BranchedConvolution } from "../layers/convolutions/branches.ts";
import type { ConvolutionOptions, ConvolutionPlace } from "../layers/convolutions/entry.ts";
import { Identity } from "../layers/identity.ts";
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

/** {@link ModelOptions} as plain data, with the convolutions by name. */
export const sharedSchema = z.strictObject({
  classes: z.int().min(1).describe("Number of classes"),
  inputChannels: z.int().min(1).optional().describe("Channels of the images; 3 by default"),
  inputSize: size.optional().describe("Height and width of the images; 32 by default"),
  convolution: convolutionSpecSchema.default("conv").describe("Kind of convolution"),
  convolutions: namedConvolutionsSchema.optional(),
});

/** A model that can be built by name; its schema describes its own options. */
export interface ModelEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * Builds it; its parameters are zero until initialized. Throws InputError for options that do not
   * fit.
   */
  build(options: ModelOptions & z.output<S>): Module;
}

/** A convolution of the model's kind, by default without `bias`. */
export function modelConvolution(
  { convolution = (place) => new Conv2d(place) }: ConvolutionOptions,
  place: ConvolutionPlace,
): Module {
  return convolution({ bias: false, ...place });
}

/** {@link modelConvolution} followed by {@link normBehind}. */
export function modelConvolutionNorm(
  options: ConvolutionOptions,
  { batchNorm, ...place }: ConvolutionPlace,
): [conv: Module, norm: Module] {
  const conv = modelConvolution(options, { ...place, batchNorm });
  return [conv, normBehind(conv, place.outChannels, batchNorm)];
}

/** The batch norm after a convolution: an `Identity` if that has its own batch norms. */
export function normBehind(
  conv: Module,
  channels: number,
  options: BatchNorm2dOptions = {},
): Module {
  return conv instanceof BranchedConvolution ? new Identity() : new BatchNorm2d(channels, options);
}
