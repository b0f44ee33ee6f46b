/**
 * EfficientNet, by Tan and Le (arXiv:1905.11946): inverted residuals with SiLU and
 * squeeze-and-excitation, wider and deeper by size. State-dict names are torchvision's.
 */
import { SiLU } from "../layers/activations.ts";
import { Dropout } from "../layers/dropout.ts";
import { fillUniform, type Initializer, kaimingNormal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import type { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { SqueezeExcitation } from "../layers/squeeze_excitation.ts";
import { sum } from "../reporting/statistics.ts";
import { z } from "../schema/entry.ts";
import { InvertedResidual } from "./inverted_residual.ts";
import { makeDivisible, MobileNet, mobileSchema, mobileStem, normedConvolution } from "./mobile.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";

interface EfficientNetOptions extends ModelOptions {
  /** Factor of all channels. Default 1. */
  readonly widthMult?: number;
  /** Factor of the numbers of blocks, which are rounded up. Default 1. */
  readonly depthMult?: number;
  /** Probability of the dropout before the last layer. Default 0.2. */
  readonly dropout?: number;
  /** Probability, growing from 0 to this, that a block returns only its input. Default 0.2. */
  readonly stochasticDepthProb?: number;
}

/** Expansion, kernel, first stride, output channels and blocks of each stage. */
const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

/**
 * `torchvision.models.EfficientNet`, tensor by tensor. Starts as torchvision's: kernels Kaiming normal by
 * fan-out, the matrix uniform in ±1/√classes, biases zero.
 */
export function efficientNet(options: EfficientNetOptions): MobileNet {
  const { classes, widthMult = 1, depthMult = 1, dropout: p = 0.2 } = options;
  const { stochasticDepthProb = 0.2 } = options;
  const widened = (channels: number) => makeDivisible(channels * widthMult);
  const counts = STAGES.map(([, , , , count]) => Math.ceil(count * depthMult));
  const total = sum(counts);
  const activation = () => new SiLU();
  let inChannels = widened(32);
  const features: Module[] = [mobileStem(options, inChannels, activation)];
  let index = 0;
  STAGES.forEach(([expansion, kernelSize, firstStride, channels], stage) => {
    const outChannels = widened(channels);
    const blocks = Array.from({ length: counts[stage] }, (_, i) => {
      const expandedChannels = makeDivisible(inChannels * expansion);
      const block = new InvertedResidual(options, {
        inChannels,
        expandedChannels,
        outChannels,
        kernelSize,
        stride: i === 0 ? firstStride : 1,
        activation,
        gate: squeeze(expandedChannels, inChannels),
        dropRate: stochasticDepthProb * index++ / total,
      });
      inChannels = outChannels;
      return block;
    });
    features.push(new Sequential(...blocks));
  });
  const last = 4 * inChannels;
  features.push(
    normedConvolution(options, { inChannels, outChannels: last, kernelSize: 1, activation }),
  );
  const linear = new Linear(last, classes, { initialize: byOutputs, initializeBias: zeros });
  return new MobileNet(new Sequential(...features), new Sequential(new Dropout({ p }), linear));
}

const byOutputs: Initializer = (data, [outputs], random) =>
  fillUniform(data, 1 / Math.sqrt(outputs), random);

/** It squeezes to a quarter of the block's input, not of its expanded channels. */
function squeeze(inputChannels: number, blockChannels: number): SqueezeExcitation {
  return new SqueezeExcitation({
    inputChannels,
    squeezeChannels: Math.max(1, Math.floor(blockChannels / 4)),
    activation: new SiLU(),
    initialize: kaimingNormal,
    initializeBias: zeros,
  });
}

/** Width, depth and dropout by size. */
const SIZES = { b0: [1, 1, 0.2], b1: [1, 1.1, 0.2], b2: [1.1, 1.2, 0.3] } as const;

function schemaOf(widthMult: number, dropout: number) {
  const { shape } = mobileSchema;
  return mobileSchema.extend({
    widthMult: shape.widthMult.default(widthMult),
    dropout: shape.dropout.default(dropout),
    stochasticDepthProb: z.number().min(0).lt(1).default(0.2).describe(
      "Probability, growing from 0 to this, that a block gives its input alone while training",
    ),
  });
}

/** `efficientnet_{b0,b1,b2}`. */
export const efficientNets: Record<string, ModelEntry<ReturnType<typeof schemaOf>>> = Object
  .fromEntries(
    Object.entries(SIZES).map(([size, [widthMult, depthMult, dropout]]) => [
      `efficientnet_${size}`,
      {
        about: "One with SiLU and squeeze-and-excitation, as torchvision's",
        schema: schemaOf(widthMult, dropout),
        build: (options) => efficientNet({ ...options, depthMult }),
      },
    ]),
  );
