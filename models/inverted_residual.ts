/**
 * Blocks that widen their input, convolve each channel separately and narrow the result, by Sandler
 * et al. (arXiv:1801.04381): MobileNet v2's and v3's, EfficientNet's.
 */
import type { Value } from "../graph/types.ts";
import { Residual } from "../layers/blocks.ts";
import { StochasticDepth } from "../layers/dropout.ts";
import { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { type MobileFamily, normedConvolution, type NormedConvolutionOptions } from "./mobile.ts";

interface InvertedResidualOptions {
  readonly inChannels: number;
  /** Channels of the depthwise convolution; if they equal the input's, there is no widening. */
  readonly expandedChannels: number;
  readonly outChannels: number;
  /** Of the depthwise convolution. */
  readonly kernelSize: number;
  /** Of the depthwise convolution. */
  readonly stride: number;
  /** Activation after the widening and the depthwise convolution. */
  readonly activation: () => Module;
  /** Module after the depthwise convolution, such as squeeze-and-excitation. */
  readonly gate?: Module;
  /** Probability that the block returns only its input, while training. Default 0. */
  readonly dropRate?: number;
  /**
   * Names of tensors: `block`, in which each convolution is in a list with its batch norm, as in
   * MobileNet v3; or `conv`, in which the last is not, as in v2. Default `block`.
   */
  readonly field?: "block" | "conv";
}

/** The input is added to the convolutions' output if both have the same shape. */
export class InvertedResidual extends Module {
  readonly #field: string;
  readonly #layers: Sequential;

  constructor(family: MobileFamily, options: InvertedResidualOptions) {
    super();
    const { inChannels, expandedChannels, outChannels, kernelSize, stride, activation } = options;
    const { gate, dropRate = 0, field = "block" } = options;
    const convolve = (shape: NormedConvolutionOptions) => normedConvolution(family, shape);
    const widening = { inChannels, outChannels: expandedChannels, kernelSize: 1, activation };
    const depthwise = {
      inChannels: expandedChannels,
      outChannels: expandedChannels,
      groups: expandedChannels,
      kernelSize,
      stride,
      activation,
    };
    const modules: Module[] = inChannels === expandedChannels ? [] : [convolve(widening)];
    modules.push(convolve(depthwise));
    if (gate) modules.push(gate);
    const narrowing = convolve({ inChannels: expandedChannels, outChannels, kernelSize: 1 });
    modules.push(...(field === "conv" ? narrowing.layers : [narrowing]));
    const fits = stride === 1 && inChannels === outChannels;
    this.#field = field;
    this.#layers = fits
      ? new Residual(...modules, new StochasticDepth({ p: dropRate }))
      : new Sequential(...modules);
  }

  /** The layers under their name. */
  override *members(): Iterable<[string, Module]> {
    yield [this.#field, this.#layers];
  }

  forward(input: Value): Value {
    return this.#layers.call(input);
  }
}
