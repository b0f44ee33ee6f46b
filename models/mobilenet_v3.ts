/**
 * MobileNet v3, by Howard et al. (arXiv:1905.02244): inverted residuals with hard swish and
 * squeeze-and-excitation. State-dict names are torchvision's.
 */
import { Hardsigmoid, Hardswish, ReLU } from "../layers/activations.ts";
import { Dropout } from "../layers/dropout.ts";
import { kaimingNormal, normal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Sequential } from "../layers/sequential.ts";
import { SqueezeExcitation } from "../layers/squeeze_excitation.ts";
import { InvertedResidual } from "./inverted_residual.ts";
import { makeDivisible, MobileNet, mobileSchema, mobileStem, normedConvolution } from "./mobile.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";

/** Kernel, expanded and output channels, squeeze-and-excitation, activation and stride of a block. */
type Block = readonly [
  kernelSize: number,
  expanded: number,
  out: number,
  squeezes: boolean,
  activation: "relu" | "hard_swish",
  stride: number,
];

interface MobileNetV3Options extends ModelOptions {
  readonly blocks: readonly Block[];
  /** Outputs of the first of the two last layers. */
  readonly lastChannels: number;
  /** Factor of all channels. Default 1. */
  readonly widthMult?: number;
  /** Probability of the dropout before the last layer. Default 0.2. */
  readonly dropout?: number;
}

/** The blocks and {@link MobileNetV3Options.lastChannels} of both sizes. */
export const MOBILENET_V3 = {
  small: {
    blocks: [
      [3, 16, 16, true, "relu", 2],
      [3, 72, 24, false, "relu", 2],
      [3, 88, 24, false, "relu", 1],
      [5, 96, 40, true, "hard_swish", 2],
      [5, 240, 40, true, "hard_swish", 1],
      [5, 240, 40, true, "hard_swish", 1],
      [5, 120, 48, true, "hard_swish", 1],
      [5, 144, 48, true, "hard_swish", 1],
      [5, 288, 96, true, "hard_swish", 2],
      [5, 576, 96, true, "hard_swish", 1],
      [5, 576, 96, true, "hard_swish", 1],
    ],
    lastChannels: 1024,
  },
  large: {
    blocks: [
      [3, 16, 16, false, "relu", 1],
      [3, 64, 24, false, "relu", 2],
      [3, 72, 24, false, "relu", 1],
      [5, 72, 40, true, "relu", 2],
      [5, 120, 40, true, "relu", 1],
      [5, 120, 40, true, "relu", 1],
      [3, 240, 80, false, "hard_swish", 2],
      [3, 200, 80, false, "hard_swish", 1],
      [3, 184, 80, false, "hard_swish", 1],
      [3, 184, 80, false, "hard_swish", 1],
      [3, 480, 112, true, "hard_swish", 1],
      [3, 672, 112, true, "hard_swish", 1],
      [5, 672, 160, true, "hard_swish", 2],
      [5, 960, 160, true, "hard_swish", 1],
      [5, 960, 160, true, "hard_swish", 1],
    ],
    lastChannels: 1280,
  },
} as const satisfies Record<string, Pick<MobileNetV3Options, "blocks" | "lastChannels">>;

const ACTIVATIONS = { relu: () => new ReLU(), hard_swish: () => new Hardswish() };

/**
 * `torchvision.models.MobileNetV3`, tensor by tensor. Starts as torchvision's: kernels Kaiming normal by
 * fan-out, matrices normal with deviation 0.01, biases zero; batch norms have eps 0.001 and momentum
 * 0.01.
 */
export function mobileNetV3(options: MobileNetV3Options): MobileNet {
  const { classes, blocks, widthMult = 1, dropout: p = 0.2 } = options;
  const { convolution, inputChannels } = options;
  const family = { convolution, inputChannels, norm: { eps: 0.001, momentum: 0.01 } };
  const widened = (channels: number) => makeDivisible(channels * widthMult);
  const activation = ACTIVATIONS.hard_swish;
  let inChannels = widened(16);
  const stem = mobileStem(family, inChannels, activation);
  const residuals = blocks.map(([kernelSize, expanded, out, squeezes, activation, stride]) => {
    const expandedChannels = widened(expanded), outChannels = widened(out);
    const block = new InvertedResidual(family, {
      inChannels,
      expandedChannels,
      outChannels,
      kernelSize,
      stride,
      activation: ACTIVATIONS[activation],
      gate: squeezes ? squeeze(expandedChannels) : undefined,
    });
    inChannels = outChannels;
    return block;
  });
  const features = 6 * inChannels, hidden = widened(options.lastChannels);
  const last = normedConvolution(family, {
    inChannels,
    outChannels: features,
    kernelSize: 1,
    activation,
  });
  const start = { initialize: normal(0.01), initializeBias: zeros };
  return new MobileNet(
    new Sequential(stem, ...residuals, last),
    new Sequential(
      new Linear(features, hidden, start),
      activation(),
      new Dropout({ p }),
      new Linear(hidden, classes, start),
    ),
  );
}

function squeeze(inputChannels: number): SqueezeExcitation {
  return new SqueezeExcitation({
    inputChannels,
    squeezeChannels: makeDivisible(Math.floor(inputChannels / 4)),
    scaleActivation: new Hardsigmoid(),
    initialize: kaimingNormal,
    initializeBias: zeros,
  });
}

/** `mobilenet_v3_{small,large}`. */
export const mobileNetV3s: Record<string, ModelEntry<typeof mobileSchema>> = Object.fromEntries(
  Object.entries(MOBILENET_V3).map(([size, layout]) => [`mobilenet_v3_${size}`, {
    about: "One with hard swish and squeeze-and-excitation, as torchvision's",
    schema: mobileSchema,
    build: (options) => mobileNetV3({ ...options, ...layout }),
  }]),
);
