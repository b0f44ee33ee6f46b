/**
 * ExpandNet's linear expansion, by Guo, Alvarez and Salzmann (2020), arXiv:1811.10495: a 1x1 kernel
 * to more channels, the kernel between these, and a 1x1 kernel back, with nothing nonlinear between
 * them.
 */
import { z } from "../../schema/entry.ts";
import type { Value } from "../../graph/types.ts";
import { Conv2d } from "../conv2d.ts";
import { Module } from "../module.ts";
import { isPointwise } from "./branches.ts";
import type { ConvolutionEntry, ConvolutionPlace } from "./entry.ts";

/**
 * K₃ ∗ K₂ ∗ K₁ ∗ x, with `rate` times as many channels inside as outside. The first kernel is the
 * padded one, so that its bias also applies to the border and all three are one convolution.
 */
class ExpandedConv2d extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly conv3: Conv2d;

  /**
   * Throws InputError for sizes that do not divide into the groups.
   *
   * @param rate factor of the channels inside. Default 4, the paper's
   */
  constructor(place: ConvolutionPlace, rate = 4) {
    super();
    const { inChannels, outChannels, groups, bias, initialize, padding, paddingMode } = place;
    const wide = rate * inChannels, end = rate * outChannels;
    const shared = { groups, bias, initialize };
    const { kernelSize, stride, dilation } = place;
    const before = { ...shared, inChannels, outChannels: wide, kernelSize: 1 };
    this.conv1 = new Conv2d({ ...before, padding, paddingMode });
    const between = { ...shared, inChannels: wide, outChannels: end };
    this.conv2 = new Conv2d({ ...between, kernelSize, stride, dilation });
    this.conv3 = new Conv2d({ ...shared, inChannels: end, outChannels, kernelSize: 1 });
  }

  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return this.conv3.call(this.conv2.call(this.conv1.call(input)));
  }
}

const schema = z.strictObject({
  rate: z.int().min(1).default(4).describe("Channels between for each one outside"),
});

/** `expand_net`: every kernel above 1x1 is an {@link ExpandedConv2d}. */
export const expandNet: ConvolutionEntry<typeof schema> = {
  about: "ExpandNet's 1×1, k×k, 1×1 in sequence",
  schema,
  build: (place, { rate }) =>
    isPointwise(place) ? new Conv2d(place) : new ExpandedConv2d(place, rate),
};
