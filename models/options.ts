/** What every model can be asked for. */
import { convolution, type ConvolutionKind } from "../layers/convolution.ts";
import type { DoConv2dOptions } from "../layers/do_conv2d.ts";
import type { Module } from "../layers/module.ts";

/** How a model's convolutions with kernels above 1x1 are made. */
export interface ConvolutionOptions extends Pick<DoConv2dOptions, "depthMultiplier" | "pairing"> {
  /** Default `conv`. */
  readonly convolution?: ConvolutionKind;
}

/** Options all models share. */
export interface ModelOptions extends ConvolutionOptions {
  /** Number of classes, the length of a row of logits. */
  readonly classes: number;
  /** Channels of the pictures. Default 3. */
  readonly inputChannels?: number;
}

/** A convolution of the kind a model was asked for; `bias` is off unless asked for. */
export function modelConvolution(model: ConvolutionOptions, options: DoConv2dOptions): Module {
  const { convolution: kind = "conv", depthMultiplier, pairing } = model;
  return convolution(kind, { bias: false, depthMultiplier, pairing, ...options });
}
