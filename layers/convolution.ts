/** The one place where a model chooses between plain and over-parameterized convolutions. */
import { pair } from "../ops/conv2d.ts";
import { Conv2d } from "./conv2d.ts";
import { DoConv2d, type DoConv2dOptions } from "./do_conv2d.ts";
import type { Module } from "./module.ts";

/** Kinds of convolution a model can be built of. */
export const CONVOLUTIONS = ["conv", "do_conv"] as const;

/** A kind of convolution: plain or DO-Conv. */
export type ConvolutionKind = typeof CONVOLUTIONS[number];

/**
 * A convolution of the given kind. A 1x1 kernel stays a `Conv2d` in either case: it has nothing to
 * over-parameterize, and keeps the state-dict name `weight`.
 */
export function convolution(kind: ConvolutionKind, options: DoConv2dOptions): Module {
  const [height, width] = pair(options.kernelSize);
  return kind === "conv" || height * width === 1 ? new Conv2d(options) : new DoConv2d(options);
}
