/** The small network of the DO-Conv examples: four convolutions, two of them DO-Conv. */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { Conv2d } from "../layers/conv2d.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { pair } from "../ops/conv2d.ts";
import { maxPool2d } from "../ops/max_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolution, type ModelEntry, type ModelOptions } from "./options.ts";

interface DoConvNetOptions extends ModelOptions {
  /** Channels of the four convolutions. */
  readonly widths: readonly [number, number, number, number];
  /** Outputs of the hidden linear layer. Default 1024. */
  readonly hidden?: number;
}

/**
 * Four times [3x3 convolution, 2x2 max pool, ReLU], then flatten, linear, ReLU, linear. The factory
 * makes the first and third convolution; the second and fourth are always plain. Starts as PyTorch's
 * layers do. Throws InputError for images below 16x16.
 */
export class DoConvNet extends Module {
  readonly conv1: Module;
  readonly conv2: Module;
  readonly conv3: Module;
  readonly conv4: Module;
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(options: DoConvNetOptions) {
    super();
    const { classes, inputChannels = 3, inputSize = 32, hidden = 1024 } = options;
    const [width1, width2, width3, width4] = options.widths;
    const shape = { kernelSize: 3, padding: 1, bias: true };
    this.conv1 = modelConvolution(options, {
      ...shape,
      inChannels: inputChannels,
      outChannels: width1,
    });
    this.conv2 = new Conv2d({ ...shape, inChannels: width1, outChannels: width2 });
    this.conv3 = modelConvolution(options, { ...shape, inChannels: width2, outChannels: width3 });
    this.conv4 = new Conv2d({ ...shape, inChannels: width3, outChannels: width4 });
    const [height, width] = pair(inputSize).map((size) => Math.floor(size / 16));
    if (height < 1 || width < 1) {
      throw new InputError(
        `do_conv_net halves images four times; ${pair(inputSize).join("x")} is too small, ` +
          "expected at least 16x16",
      );
    }
    this.fc1 = new Linear(width4 * height * width, hidden);
    this.fc2 = new Linear(hidden, classes);
  }

  forward(input: Value): Value {
    let x = input;
    for (const conv of [this.conv1, this.conv2, this.conv3, this.conv4]) {
      x = relu(maxPool2d(conv.call(x), { kernelSize: 2 }).output);
    }
    return this.fc2.call(relu(this.fc1.call(flatten(x))));
  }
}

const schema = z.strictObject({
  width: z.int().min(1).default(64).describe(
    "Channels of the first convolution; each further one has twice as many",
  ),
  hidden: z.int().min(1).default(1024).describe("Outputs of the hidden linear layer"),
});

export const doConvNet: ModelEntry<typeof schema> = {
  about: "The network of the DO-Conv examples: four convolutions, two of them of the chosen kind",
  schema,
  build: ({ width, ...options }) =>
    new DoConvNet({ ...options, widths: [width, 2 * width, 4 * width, 8 * width] }),
};
