/** Parts shared by mobile networks: MobileNet v1 to v3 and EfficientNet. */
import type { Value } from "../graph/types.ts";
import type { BatchNorm2dOptions } from "../layers/batch_norm_options.ts";
import type { ConvolutionOptions } from "../layers/convolutions/entry.ts";
import { kaimingNormal } from "../layers/init.ts";
import { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolutionNorm } from "./options.ts";

/** `features`, global average pool, `classifier`. */
export class MobileNet extends Module {
  constructor(readonly features: Sequential, readonly classifier: Module) {
    super();
  }

  forward(input: Value): Value {
    return this.classifier.call(flatten(globalAvgPool2d(this.features.call(input))));
  }
}

/** Options that mobile networks have in a config. */
export const mobileSchema = z.strictObject({
  widthMult: z.number().positive().default(1).describe("Factor of the channels of all layers"),
  dropout: z.number().min(0).lt(1).default(0.2).describe(
    "Probability that an input of the last layer becomes zero while training",
  ),
});

/** Rounds channels to a multiple of `divisor`, down by a tenth at most; torchvision's rule. */
export function makeDivisible(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}

/** Options shared by all blocks of a network. */
export interface MobileFamily extends ConvolutionOptions {
  /** Channels of the images. Default 3. */
  readonly inputChannels?: number;
  /** Of every batch norm. */
  readonly norm?: BatchNorm2dOptions;
}

/** A convolution with batch norm, and an optional activation. */
export interface NormedConvolutionOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** An odd number: images keep their size except for the stride. */
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly groups?: number;
  /** Default: none. */
  readonly activation?: () => Module;
}

/** Convolution, batch norm, activation: torchvision's `Conv2dNormActivation`, and its start. */
export function normedConvolution(
  family: MobileFamily,
  { activation, ...options }: NormedConvolutionOptions,
): Sequential {
  const normed = modelConvolutionNorm(family, {
    ...options,
    padding: (options.kernelSize - 1) / 2,
    initialize: kaimingNormal,
    batchNorm: family.norm,
  });
  return new Sequential(...normed, ...(activation ? [activation()] : []));
}

/** The first convolution of all these networks: 3x3 at stride 2. */
export function mobileStem(
  family: MobileFamily,
  outChannels: number,
  activation: () => Module,
): Sequential {
  return normedConvolution(family, {
    inChannels: family.inputChannels ?? 3,
    outChannels,
    kernelSize: 3,
    stride: 2,
    activation,
  });
}
