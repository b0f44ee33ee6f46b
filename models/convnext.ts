/**
 * ConvNeXt, by Liu et al. (arXiv:2201.03545): residual blocks of a depthwise 7x7 convolution and two
 * fully connected layers over each pixel. State-dict names are torchvision's.
 */
import { Parameter } from "../graph/parameter.ts";
import type { Value } from "../graph/types.ts";
import { GELU } from "../layers/activations.ts";
import type { ConvolutionOptions } from "../layers/convolutions/entry.ts";
import { StochasticDepth } from "../layers/dropout.ts";
import { Flatten } from "../layers/flatten.ts";
import { normal, zeros } from "../layers/init.ts";
import { Linear, PixelLinear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { LayerNorm2d } from "../layers/row_norms.ts";
import { NamedSequential, Sequential } from "../layers/sequential.ts";
import { add } from "../ops/add.ts";
import { channelScale } from "../ops/channel_scale.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { z } from "../schema/entry.ts";
import { modelConvolution, type ModelEntry, type ModelOptions } from "./options.ts";

/** Initial kernels and matrices; biases start as 0. */
const START = { initialize: normal(0.02), initializeBias: zeros };

interface ConvNeXtOptions extends ModelOptions {
  readonly blocks: readonly number[];
  readonly channels: readonly number[];
  /**
   * Probability that the last block is skipped for an image while training; it decreases evenly to
   * 0 for the first block. Default 0.
   */
  readonly stochasticDepthProb?: number;
  /** Start of the factors at each block's end. Default 1e-6. */
  readonly layerScale?: number;
}

/** x + layer_scale · linear(gelu(linear(norm(depthwise x)))), the latter for some images. */
class ConvNeXtBlock extends Module {
  /** [C, 1, 1]. */
  readonly layerScale: Parameter;
  readonly block: NamedSequential;
  readonly #depth: StochasticDepth;

  constructor(options: ConvolutionOptions, channels: number, p: number, layerScale: number) {
    super();
    this.layerScale = new Parameter([channels, 1, 1], {
      role: "norm",
      initialize: (data) => data.fill(layerScale),
    });
    // Torchvision's has permutations of the axes at places 1 and 6.
    this.block = new NamedSequential({
      0: modelConvolution(options, {
        ...START,
        inChannels: channels,
        outChannels: channels,
        kernelSize: 7,
        padding: 3,
        groups: channels,
        bias: true,
      }),
      2: new LayerNorm2d(channels),
      3: new PixelLinear(channels, 4 * channels, START),
      4: new GELU(),
      5: new PixelLinear(4 * channels, channels, START),
    });
    this.#depth = new StochasticDepth({ p });
  }

  forward(input: Value): Value {
    const scaled = channelScale(this.block.call(input), this.layerScale);
    return add(this.#depth.call(scaled), input);
  }
}

/**
 * `features`: a 4x4 convolution at stride 4 and a layer norm, stages of blocks, between them a layer
 * norm and a 2x2 convolution at stride 2; global average pool; `classifier`: layer norm, fully
 * connected. Starts as torchvision's: kernels and matrices normal with deviation 0.02, biases 0.
 */
export class ConvNeXt extends Module {
  readonly features: Sequential;
  readonly classifier: NamedSequential;

  constructor(options: ConvNeXtOptions) {
    super();
    const { classes, inputChannels = 3, blocks, channels } = options;
    const { stochasticDepthProb = 0, layerScale = 1e-6 } = options;
    const scaleDown = (inChannels: number, outChannels: number, factor: number) =>
      modelConvolution(options, {
        ...START,
        inChannels,
        outChannels,
        kernelSize: factor,
        stride: factor,
        bias: true,
      });
    const count = blocks.reduce((sum, length) => sum + length, 0);
    let index = 0;
    const stages = channels.flatMap((width, i) => {
      const stem = i === 0
        ? [scaleDown(inputChannels, width, 4), new LayerNorm2d(width)]
        : [new LayerNorm2d(channels[i - 1]), scaleDown(channels[i - 1], width, 2)];
      const stage = Array.from({ length: blocks[i] }, () => {
        const p = count > 1 ? stochasticDepthProb * index++ / (count - 1) : 0;
        return new ConvNeXtBlock(options, width, p, layerScale);
      });
      return [new Sequential(...stem), new Sequential(...stage)];
    });
    this.features = new Sequential(...stages);
    const last = channels[channels.length - 1];
    this.classifier = new NamedSequential({
      0: new LayerNorm2d(last),
      1: new Flatten(),
      2: new Linear(last, classes, START),
    });
  }

  forward(input: Value): Value {
    return this.classifier.call(globalAvgPool2d(this.features.call(input)));
  }
}

function schemaOf(width: number, stochasticDepthProb: number) {
  return z.strictObject({
    width: z.int().min(1).default(width).describe(
      "Channels of the first stage; each further one has twice as many",
    ),
    stochasticDepthProb: z.number().min(0).lt(1).default(stochasticDepthProb).describe(
      "Probability that the last block is left out for an image while training; evenly less before",
    ),
    layerScale: z.number().default(1e-6).describe("Start of the factors at each block's end"),
  });
}

function entryOf(
  blocks: readonly number[],
  width: number,
  stochasticDepthProb: number,
): ModelEntry<ReturnType<typeof schemaOf>> {
  return {
    about: "A ConvNeXt, as torchvision's",
    schema: schemaOf(width, stochasticDepthProb),
    build: ({ width, ...options }) =>
      new ConvNeXt({ ...options, blocks, channels: [1, 2, 4, 8].map((factor) => factor * width) }),
  };
}

/** `convnext_{tiny,small,base,large}`. */
export const convNeXts: Record<string, ModelEntry<ReturnType<typeof schemaOf>>> = {
  convnext_tiny: entryOf([3, 3, 9, 3], 96, 0.1),
  convnext_small: entryOf([3, 3, 27, 3], 96, 0.4),
  convnext_base: entryOf([3, 3, 27, 3], 128, 0.5),
  convnext_large: entryOf([3, 3, 27, 3], 192, 0.5),
};
