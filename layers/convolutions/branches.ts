/** Parts of the kinds of convolution with parallel branches. */
import { InputError } from "../../errors.ts";
import type { Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { pair } from "../../ops/conv2d.ts";
import type { Pair } from "../../ops/convolution_geometry.ts";
import { BatchNorm2d } from "../batch_norm2d.ts";
import { Conv2d } from "../conv2d.ts";
import { Module } from "../module.ts";
import type { ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

/**
 * A convolution that is the sum of its branches, which are its fields. Each has its own batch
 * norms, so none follows it. It folds to one convolution with a bias.
 */
export abstract class BranchedConvolution extends Module {
  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return [...this.members()]
      .flatMap(([, member]) => member instanceof Module ? member.call(input) : [])
      .reduce((sum, branch) => add(sum, branch));
  }
}

/** A convolution without bias, and the batch norm after it. */
export class ConvBatchNorm extends Module {
  readonly conv: Module;
  readonly bn: BatchNorm2d;

  /** @param make makes the convolution. Default: a plain one */
  constructor(place: ConvolutionPlace, make: ConvolutionFactory = plain) {
    super();
    this.conv = make({ ...place, bias: false });
    this.bn = new BatchNorm2d(place.outChannels, place.batchNorm);
  }

  /** [N, I, H, W] → [N, O, oH, oW]. */
  forward(input: Value): Value {
    return this.bn.call(this.conv.call(input));
  }
}

const plain: ConvolutionFactory = (place) => new Conv2d(place);

/** Height and width of a place's kernel. */
export function kernelSizeOf({ kernelSize }: ConvolutionPlace): Pair {
  return pair(kernelSize);
}

/** Whether smaller kernels fit at the center of a place's kernel; not for unpadded patches. */
export function hasBranches(place: ConvolutionPlace): boolean {
  return !isPointwise(place) && atCentre(place, [1, 1]) !== undefined;
}

/** Whether a place's kernel is 1x1. */
export function isPointwise(place: ConvolutionPlace): boolean {
  return kernelSizeOf(place).every((size) => size === 1);
}

/**
 * The place of a smaller kernel at the center of another; undefined if it has no such center, or
 * too little padding for equal output shapes.
 */
export function atCentre(place: ConvolutionPlace, smaller: Pair): ConvolutionPlace | undefined {
  const dilation = pair(place.dilation ?? 1), padding = pair(place.padding ?? 0);
  const [height, width] = kernelSizeOf(place)
    .map((size, axis) => padding[axis] - dilation[axis] * (size - smaller[axis]) / 2);
  const fits = [height, width].every((rows) => Number.isInteger(rows) && rows >= 0);
  return fits ? { ...place, kernelSize: smaller, padding: [height, width] } : undefined;
}

/** The batch norm of the identity branch; undefined if the input's shape is not the output's. */
export function identityBranch(place: ConvolutionPlace): BatchNorm2d | undefined {
  const { inChannels, outChannels, stride = 1 } = place;
  const padding = atCentre(place, [1, 1])?.padding ?? 1;
  const fits = inChannels === outChannels && pair(stride).every((step) => step === 1) &&
    pair(padding).every((rows) => rows === 0);
  return fits ? new BatchNorm2d(outChannels, place.batchNorm) : undefined;
}

/**
 * Channels between two consecutive kernels: those given, or the number of input channels, twice
 * that in a depthwise convolution. Throws InputError for a number that is not a multiple of the
 * groups.
 */
export function internalChannelsOf(
  { inChannels, outChannels, groups = 1 }: ConvolutionPlace,
  given?: number,
): number {
  const channels = given ?? (groups < outChannels ? inChannels : 2 * inChannels);
  if (channels % groups === 0) return channels;
  throw new InputError(
    `internalChannels is ${channels}; expected a multiple of the convolution's ${groups} groups`,
    { at: ["internalChannels"] },
  );
}
