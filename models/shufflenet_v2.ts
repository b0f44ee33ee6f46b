/**
 * ShuffleNet V2, by Ma et al. (arXiv:1807.11164): units on one half of the channels, which are then
 * interleaved with the other half. State-dict names are torchvision's.
 */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { ReLU } from "../layers/activations.ts";
import type { ConvolutionOptions } from "../layers/convolutions/entry.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { channelShuffle } from "../ops/channel_shuffle.ts";
import { concat, split } from "../ops/concat.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { maxPool2d } from "../ops/max_pool2d.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolutionNorm, type ModelEntry, type ModelOptions } from "./options.ts";

interface ShuffleNetV2Options extends ModelOptions {
  /** Units of each stage. Default 4, 8, 4. */
  readonly blocks?: readonly [number, number, number];
  /** Channels after the stem, then of each stage, even numbers, and before the pool. */
  readonly channels: readonly [number, number, number, number, number];
}

/** 1x1 convolution, batch norm, ReLU. */
function pointwise(options: ConvolutionOptions, inChannels: number, outChannels: number): Module[] {
  const place = { inChannels, outChannels, kernelSize: 1 };
  return [...modelConvolutionNorm(options, place), new ReLU()];
}

/** Depthwise 3x3 convolution and batch norm. */
function depthwise(options: ConvolutionOptions, channels: number, stride: number): Module[] {
  return modelConvolutionNorm(options, {
    inChannels: channels,
    outChannels: channels,
    kernelSize: 3,
    stride,
    padding: 1,
    groups: channels,
  });
}

/**
 * A unit: without stride one half of the channels passes through unchanged; with it `branch1`
 * halves the image, too. The channels of both halves are interleaved in the result.
 */
class ShuffleUnit extends Module {
  readonly branch1?: Sequential;
  readonly branch2: Sequential;

  constructor(
    options: ConvolutionOptions,
    inChannels: number,
    outChannels: number,
    stride: number,
  ) {
    super();
    const half = outChannels / 2;
    if (!Number.isInteger(half)) {
      throw new InputError(
        `ShuffleNetV2: a stage of ${outChannels} channels has no half; expected an even number`,
      );
    }
    if (stride > 1) {
      this.branch1 = new Sequential(
        ...depthwise(options, inChannels, stride),
        ...pointwise(options, inChannels, half),
      );
    }
    this.branch2 = new Sequential(
      ...pointwise(options, stride > 1 ? inChannels : half, half),
      ...depthwise(options, half, stride),
      ...pointwise(options, half, half),
    );
  }

  forward(input: Value): Value {
    const half = input.shape[1] / 2;
    const [first, second] = this.branch1
      ? [this.branch1.call(input), input]
      : split(input, [half, half]);
    return channelShuffle(concat([first, this.branch2.call(second)]), 2);
  }
}

/**
 * `conv1` at stride 2, max pool, three stages of units, each halving the image, `conv5` (1x1), global
 * average pool, `fc`. Starts as PyTorch's layers do, as torchvision's. Throws InputError for a stage of
 * an odd number of channels.
 */
export class ShuffleNetV2 extends Module {
  readonly conv1: Sequential;
  readonly stage2: Sequential;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly conv5: Sequential;
  readonly fc: Linear;

  constructor(options: ShuffleNetV2Options) {
    super();
    const { classes, inputChannels = 3, blocks = [4, 8, 4], channels } = options;
    const [stem, , , last, features] = channels;
    this.conv1 = new Sequential(
      ...modelConvolutionNorm(options, {
        inChannels: inputChannels,
        outChannels: stem,
        kernelSize: 3,
        stride: 2,
        padding: 1,
      }),
      new ReLU(),
    );
    const stageAt = (i: number) => {
      const outChannels = channels[i + 1];
      return new Sequential(
        new ShuffleUnit(options, channels[i], outChannels, 2),
        ...Array.from(
          { length: blocks[i] - 1 },
          () => new ShuffleUnit(options, outChannels, outChannels, 1),
        ),
      );
    };
    this.stage2 = stageAt(0);
    this.stage3 = stageAt(1);
    this.stage4 = stageAt(2);
    this.conv5 = new Sequential(...pointwise(options, last, features));
    this.fc = new Linear(features, classes);
  }

  forward(input: Value): Value {
    const stem = this.conv1.call(input);
    const { output: pooled } = maxPool2d(stem, { kernelSize: 3, stride: 2, padding: 1 });
    const features = [this.stage2, this.stage3, this.stage4, this.conv5]
      .reduce((x, layer) => layer.call(x), pooled);
    return this.fc.call(flatten(globalAvgPool2d(features)));
  }
}

function schemaOf(width: number) {
  return z.strictObject({
    width: z.int().min(2).multipleOf(2).default(width).describe(
      "Channels of the first stage, an even number; each further stage has twice as many",
    ),
  });
}

function entryOf(
  width: number,
  features: number,
): ModelEntry<ReturnType<typeof schemaOf>> {
  return {
    about: "A ShuffleNet V2, as torchvision's",
    schema: schemaOf(width),
    build: ({ width, ...options }) =>
      new ShuffleNetV2({ ...options, channels: [24, width, 2 * width, 4 * width, features] }),
  };
}

/** `shufflenet_v2_{x0_5,x1_0,x1_5,x2_0}`. */
export const shuffleNets: Record<string, ModelEntry<ReturnType<typeof schemaOf>>> = {
  shufflenet_v2_x0_5: entryOf(48, 1024),
  shufflenet_v2_x1_0: entryOf(116, 1024),
  shufflenet_v2_x1_5: entryOf(176, 1024),
  shufflenet_v2_x2_0: entryOf(244, 2048),
};
