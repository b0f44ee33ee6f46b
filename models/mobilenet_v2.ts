/**
 * MobileNet v2, by Sandler et al. (arXiv:1801.04381): inverted residuals with ReLU6. State-dict names
 * are torchvision's.
 */
import { ReLU6 } from "../layers/activations.ts";
import { Dropout } from "../layers/dropout.ts";
import { normal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import type { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { InvertedResidual } from "./inverted_residual.ts";
import { makeDivisible, MobileNet, mobileSchema, mobileStem, normedConvolution } from "./mobile.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";

interface MobileNetV2Options extends ModelOptions {
  /** Factor of all channels; the last convolution's are only increased. Default 1. */
  readonly widthMult?: number;
  /** Divisor of all channels. Default 8. */
  readonly roundNearest?: number;
  /** Probability of the dropout before the last layer. Default 0.2. */
  readonly dropout?: number;
}

/** Expansion, output channels, blocks and first stride of each stage. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * `torchvision.models.MobileNetV2`, tensor by tensor. Starts as torchvision's: kernels Kaiming normal by
 * fan-out, the matrix normal with deviation 0.01.
 */
export function mobileNetV2(options: MobileNetV2Options): MobileNet {
  const { classes, widthMult = 1, roundNearest, dropout: p = 0.2 } = options;
  const activation = () => new ReLU6();
  let inChannels = makeDivisible(32 * widthMult, roundNearest);
  const features: Module[] = [mobileStem(options, inChannels, activation)];
  for (const [expansion, channels, count, firstStride] of STAGES) {
    const outChannels = makeDivisible(channels * widthMult, roundNearest);
    for (let i = 0; i < count; i++) {
      features.push(
        new InvertedResidual(options, {
          inChannels,
          expandedChannels: inChannels * expansion,
          outChannels,
          kernelSize: 3,
          stride: i === 0 ? firstStride : 1,
          activation,
          field: "conv",
        }),
      );
      inChannels = outChannels;
    }
  }
  const last = makeDivisible(1280 * Math.max(1, widthMult), roundNearest);
  features.push(
    normedConvolution(options, { inChannels, outChannels: last, kernelSize: 1, activation }),
  );
  const linear = new Linear(last, classes, { initialize: normal(0.01), initializeBias: zeros });
  return new MobileNet(
    new Sequential(...features),
    new Sequential(new Dropout({ p }), linear),
  );
}

export const mobileNetV2Entry: ModelEntry<typeof mobileSchema> = {
  about: "A network of inverted residuals, as torchvision's",
  schema: mobileSchema,
  build: mobileNetV2,
};
