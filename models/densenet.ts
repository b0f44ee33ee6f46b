/**
 * DenseNet, by Huang et al. (arXiv:1608.06993): each layer reads the results of all earlier layers
 * in its block. State-dict names are torchvision's.
 */
import type { Value } from "../graph/types.ts";
import { ReLU } from "../layers/activations.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { ConvolutionOptions, ConvolutionPlace } from "../layers/convolutions/entry.ts";
import { kaimingNormalFanIn, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { AvgPool2d, MaxPool2d } from "../layers/pooling.ts";
import { NamedSequential } from "../layers/sequential.ts";
import { concat } from "../ops/concat.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import {
  modelConvolution,
  modelConvolutionNorm,
  type ModelEntry,
  type ModelOptions,
} from "./options.ts";

interface DenseNetOptions extends ModelOptions {
  readonly blocks: readonly number[];
  /** Channels that each layer adds. */
  readonly growthRate: number;
  /** Channels of the stem. */
  readonly width: number;
  /** Factor of the channels of a layer's 1x1 convolution over those that it adds. Default 4. */
  readonly bottleneck?: number;
}

function of1x1(inChannels: number, outChannels: number): ConvolutionPlace {
  return { inChannels, outChannels, kernelSize: 1, initialize: kaimingNormalFanIn };
}

/** conv2(relu(norm2(conv1(relu(norm1 x))))), the first kernel 1x1, the second 3x3. */
class DenseLayer extends Module {
  readonly norm1: BatchNorm2d;
  readonly conv1: Module;
  readonly norm2: Module;
  readonly conv2: Module;

  constructor(options: ConvolutionOptions, inChannels: number, inner: number, outChannels: number) {
    super();
    this.norm1 = new BatchNorm2d(inChannels);
    [this.conv1, this.norm2] = modelConvolutionNorm(options, of1x1(inChannels, inner));
    this.conv2 = modelConvolution(options, {
      inChannels: inner,
      outChannels,
      kernelSize: 3,
      padding: 1,
      initialize: kaimingNormalFanIn,
    });
  }

  forward(input: Value): Value {
    const inner = this.conv1.call(relu(this.norm1.call(input)));
    return this.conv2.call(relu(this.norm2.call(inner)));
  }
}

/** Layers that each append their channels to their input. */
class DenseBlock extends NamedSequential {
  override forward(input: Value): Value {
    return this.layers.reduce((x, layer) => concat([x, layer.call(x)]), input);
  }
}

/**
 * `features`: a 7x7 stem at stride 2, max pool, blocks with a 1x1 convolution that halves the channels
 * and a 2x2 average pool between, batch norm; ReLU, global average pool, `classifier`. Starts as
 * torchvision's: kernels Kaiming normal by fan-in, the classifier as PyTorch's, its bias 0.
 */
export class DenseNet extends Module {
  readonly features: NamedSequential;
  readonly classifier: Linear;

  constructor(options: DenseNetOptions) {
    super();
    const { classes, inputChannels = 3, blocks, growthRate, width, bottleneck = 4 } = options;
    const [conv0, norm0] = modelConvolutionNorm(options, {
      inChannels: inputChannels,
      outChannels: width,
      kernelSize: 7,
      stride: 2,
      padding: 3,
      initialize: kaimingNormalFanIn,
    });
    const layers: Record<string, Module> = {
      conv0,
      norm0,
      relu0: new ReLU(),
      pool0: new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    };
    let channels = width;
    blocks.forEach((count, i) => {
      const block = Array.from({ length: count }, (_, k) => {
        const inChannels = channels + k * growthRate;
        const layer = new DenseLayer(options, inChannels, bottleneck * growthRate, growthRate);
        return [`denselayer${k + 1}`, layer] as const;
      });
      layers[`denseblock${i + 1}`] = new DenseBlock(Object.fromEntries(block));
      channels += count * growthRate;
      if (i === blocks.length - 1) return;
      const halved = Math.floor(channels / 2);
      layers[`transition${i + 1}`] = new NamedSequential({
        norm: new BatchNorm2d(channels),
        relu: new ReLU(),
        conv: modelConvolution(options, of1x1(channels, halved)),
        pool: new AvgPool2d({ kernelSize: 2 }),
      });
      channels = halved;
    });
    layers[`norm${blocks.length + 1}`] = new BatchNorm2d(channels);
    this.features = new NamedSequential(layers);
    this.classifier = new Linear(channels, classes, { initializeBias: zeros });
  }

  forward(input: Value): Value {
    const features = relu(this.features.call(input));
    return this.classifier.call(flatten(globalAvgPool2d(features)));
  }
}

function schemaOf(growthRate: number, width: number) {
  return z.strictObject({
    growthRate: z.int().min(1).default(growthRate).describe("Channels that each layer adds"),
    width: z.int().min(1).default(width).describe("Channels of the first convolution"),
  });
}

function entryOf(
  blocks: readonly number[],
  growthRate = 32,
  width = 64,
): ModelEntry<ReturnType<typeof schemaOf>> {
  return {
    about: "A DenseNet, as torchvision's",
    schema: schemaOf(growthRate, width),
    build: (options) => new DenseNet({ ...options, blocks }),
  };
}

/** `densenet{121,161,169,201}`. */
export const denseNets: Record<string, ModelEntry<ReturnType<typeof schemaOf>>> = {
  densenet121: entryOf([6, 12, 24, 16]),
  densenet161: entryOf([6, 12, 36, 24], 48, 96),
  densenet169: entryOf([6, 12, 32, 32]),
  densenet201: entryOf([6, 12, 48, 32]),
};
