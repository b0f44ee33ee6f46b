/**
 * VGG with batch norm, by Simonyan and Zisserman (arXiv:1409.1556): stages of 3x3 convolutions,
 * each followed by a max pool that halves the image, and three fully connected layers. State-dict
 * names are torchvision's.
 */
import type { Value } from "../graph/types.ts";
import { ReLU } from "../layers/activations.ts";
import { Dropout } from "../layers/dropout.ts";
import { kaimingNormal, normal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { MaxPool2d } from "../layers/pooling.ts";
import { Sequential } from "../layers/sequential.ts";
import { adaptiveAvgPool2d } from "../ops/adaptive_avg_pool2d.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolutionNorm, type ModelEntry, type ModelOptions } from "./options.ts";

/** Height and width of the first fully connected layer's input, whatever the image size. */
const POOLED = 7;

interface VGGOptions extends ModelOptions {
  /** Channels of the convolutions, stage by stage. */
  readonly stages: readonly (readonly number[])[];
  /** Outputs of the first two fully connected layers. Default 4096. */
  readonly hidden?: number;
  /** Probability of the dropout after these. Default 0.5. */
  readonly dropout?: number;
}

/**
 * `features`: stages of [3x3 convolution with bias, batch norm, ReLU]… and a 2x2 max pool; average
 * pool to 7x7; `classifier`. Starts as torchvision's: kernels Kaiming normal by fan-out, matrices
 * normal with deviation 0.01, biases zero. Images must be at least 2 to the power of the number of
 * stages high and wide; smaller ones throw InputError when the model is traced.
 */
export class VGG extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor(options: VGGOptions) {
    super();
    const { classes, inputChannels = 3, stages, hidden = 4096, dropout: p } = options;
    let inChannels = inputChannels;
    const block = (outChannels: number): Module[] => {
      const normed = modelConvolutionNorm(options, {
        inChannels,
        outChannels,
        kernelSize: 3,
        padding: 1,
        bias: true,
        initialize: kaimingNormal,
        initializeBias: zeros,
      });
      inChannels = outChannels;
      return [...normed, new ReLU()];
    };
    this.features = new Sequential(
      ...stages.flatMap((stage) => [...stage.flatMap(block), new MaxPool2d({ kernelSize: 2 })]),
    );
    const linear = (inFeatures: number, outFeatures: number) =>
      new Linear(inFeatures, outFeatures, { initialize: normal(0.01), initializeBias: zeros });
    this.classifier = new Sequential(
      linear(inChannels * POOLED * POOLED, hidden),
      new ReLU(),
      new Dropout({ p }),
      linear(hidden, hidden),
      new ReLU(),
      new Dropout({ p }),
      linear(hidden, classes),
    );
  }

  forward(input: Value): Value {
    const pooled = adaptiveAvgPool2d(this.features.call(input), POOLED);
    return this.classifier.call(flatten(pooled));
  }
}

const schema = z.strictObject({
  width: z.int().min(1).default(64).describe(
    "Channels of the first convolution; all others keep their ratio to it",
  ),
  hidden: z.int().min(1).default(4096).describe(
    "Outputs of the first two fully connected layers",
  ),
  dropout: z.number().min(0).lt(1).default(0.5).describe(
    "Probability that an output of these becomes zero while training",
  ),
});

/** Number of convolutions in each of the five stages, by depth. */
const CONVOLUTIONS = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};

/** `vgg{11,13,16,19}_bn`. */
export const vggs: Record<string, ModelEntry<typeof schema>> = Object.fromEntries(
  Object.entries(CONVOLUTIONS).map(([depth, counts]) => [`vgg${depth}_bn`, {
    about: "A VGG with batch norm, as torchvision's",
    schema,
    build({ width, ...options }) {
      const stages = counts.map((count, stage) =>
        Array<number>(count).fill(width * 2 ** Math.min(stage, 3))
      );
      return new VGG({ ...options, stages });
    },
  }]),
);
