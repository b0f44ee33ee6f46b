/** Squeeze-and-excitation. */
import type { Value } from "../graph/types.ts";
import { gate } from "../ops/gate.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { bareNames, z } from "../schema/entry.ts";
import { activationLayers, activationOf, ReLU, Sigmoid } from "./activations.ts";
import { Conv2d } from "./conv2d.ts";
import type { Initializer } from "./init.ts";
import { channelsOf, type LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Options of {@link SqueezeExcitation}. */
export interface SqueezeExcitationOptions {
  /** Channels of the input. */
  readonly inputChannels: number;
  /** Channels in between. */
  readonly squeezeChannels: number;
  /** Between the two convolutions. Default ReLU. */
  readonly activation?: Module;
  /** Activation that produces the gates. Default sigmoid. */
  readonly scaleActivation?: Module;
  /** Start of the kernels. Default `kaimingUniform()`, PyTorch's. */
  readonly initialize?: Initializer;
  /** Start of the biases. Default that of a convolution, PyTorch's. */
  readonly initializeBias?: Initializer;
}

/**
 * x · scaleActivation(fc2(activation(fc1(mean of x over its pixels)))): each channel of each image times
 * a gate (Hu et al., arXiv:1709.01507). `fc1` and `fc2` are 1x1 convolutions with bias, always plain
 * ones. Matches `torchvision.ops.SqueezeExcitation`.
 */
export class SqueezeExcitation extends Module {
  /** To the squeezed channels. */
  readonly fc1: Conv2d;
  /** And back. */
  readonly fc2: Conv2d;
  /** Between the two. */
  readonly activation: Module;
  /** Activation that produces the gates. */
  readonly scaleActivation: Module;

  /** Throws InputError unless channels are whole numbers above 0. */
  constructor(options: SqueezeExcitationOptions) {
    super();
    const { inputChannels, squeezeChannels, initialize, initializeBias } = options;
    const pointwise = (inChannels: number, outChannels: number) =>
      new Conv2d({ inChannels, outChannels, kernelSize: 1, initialize, initializeBias });
    this.fc1 = pointwise(inputChannels, squeezeChannels);
    this.fc2 = pointwise(squeezeChannels, inputChannels);
    this.activation = options.activation ?? new ReLU();
    this.scaleActivation = options.scaleActivation ?? new Sigmoid();
  }

  /** [N, C, H, W] → the same shape. Throws InputError for an input of another number of channels. */
  forward(input: Value): Value {
    const squeezed = this.activation.call(this.fc1.call(globalAvgPool2d(input)));
    return gate(input, this.scaleActivation.call(this.fc2.call(squeezed)));
  }
}

const activation = z.enum(bareNames(activationLayers));

const schema = z.strictObject({
  squeezeChannels: z.int().min(1).describe("Channels in between, often a quarter of the input's"),
  activation: activation.default("relu").describe("Between the two convolutions"),
  scaleActivation: activation.default("sigmoid").describe("What makes the gates"),
});

export const squeezeExcitationLayer: LayerEntry<typeof schema> = {
  about: "Squeeze-and-excitation: each channel of each image times a gate",
  schema,
  build: ({ squeezeChannels, activation, scaleActivation }, inputShape) =>
    new SqueezeExcitation({
      inputChannels: channelsOf(inputShape),
      squeezeChannels,
      activation: activationOf(activation),
      scaleActivation: activationOf(scaleActivation),
    }),
};
