/**
 * Online convolutional re-parameterization (OREPA), by Hu et al. (2022), arXiv:2204.00826: the
 * branches of DBB as terms of one kernel, each scaled by output channel, composed before it is
 * applied to images.
 */
import { Parameter } from "../../graph/parameter.ts";
import { constant, toValue } from "../../graph/trace.ts";
import { type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { channelScale } from "../../ops/channel_scale.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { matmul } from "../../ops/matmul.ts";
import { pack } from "../../ops/pack.ts";
import { reshape } from "../../ops/reshape.ts";
import { slice } from "../../ops/slice.ts";
import { z } from "../../schema/entry.ts";
import { Conv2d } from "../conv2d.ts";
import { convolutionBias, kernelShape } from "../convolution_options.ts";
import { identityKernel, initialized, type Initializer, kaimingUniform } from "../init.ts";
import { Module } from "../module.ts";
import { atCentre, internalChannelsOf, isPointwise } from "./branches.ts";
import type { ConvolutionEntry, ConvolutionPlace } from "./entry.ts";

const START = kaimingUniform(1);
const IDENTITY: Initializer = (data, shape) => data.set(identityKernel(shape));

class KernelScale extends Module {
  /** [O]. */
  readonly scale: Parameter;

  constructor(outChannels: number, start: number) {
    super();
    const initialize = (data: Float32Array) => data.fill(start);
    this.scale = new Parameter([outChannels], { role: "norm", initialize });
  }

  /** A kernel [O, …], scaled. */
  forward(kernel: Value): Value {
    const { shape } = kernel;
    const rows = reshape(kernel, [1, shape[0], sizeOf(shape.slice(1))]);
    return reshape(channelScale(rows, this.scale), shape);
  }
}

class KernelTerm extends KernelScale {
  readonly weight: Parameter;

  constructor(shape: Shape, start: number) {
    super(shape[0], start);
    this.weight = initialized(shape, START);
  }
}

/** A scaled product of a 1x1 kernel and one of full size after it. */
class SequentialTerm extends KernelScale {
  /** [internal, I/groups, 1, 1]. */
  readonly weight1: Parameter;
  /** [O, internal/groups, kH, kW]. */
  readonly weight2: Parameter;

  constructor([outChannels, inputs, ...size]: Shape, groups: number, internal: number) {
    super(outChannels, 0.5);
    this.weight1 = initialized(
      [internal, inputs, 1, 1],
      internal === inputs * groups ? IDENTITY : START,
    );
    this.weight2 = initialized([outChannels, internal / groups, ...size], START);
  }
}

/**
 * K ∗ x with K[o] = s₁[o]·K₁[o] + s₂[o]·K₂[o] + s₃[o]·(K₃ ∗ K₄)[o] + s₄[o]·mean(K₅)[o]: of full
 * size, 1x1 at the center, 1x1 and full size in sequence, and 1x1 averaged over the window. Without
 * the batch norm that follows it, which is the model's. The sequence is omitted in depthwise
 * convolutions.
 */
class OrepaConv2d extends Module {
  readonly kxk: KernelTerm;
  readonly pointwise?: KernelTerm;
  readonly sequential?: SequentialTerm;
  readonly average: KernelTerm;
  readonly bias?: Parameter;

  /**
   * Throws InputError for sizes that do not divide into the groups.
   *
   * @param internalChannels channels between the consecutive kernels, a multiple of the groups.
   *   Default: the number of inputs
   */
  constructor(readonly place: ConvolutionPlace, internalChannels?: number) {
    super();
    const shape = kernelShape(place);
    const [outChannels, inputs] = shape;
    const { groups = 1 } = place;
    this.kxk = new KernelTerm(shape, 0.25);
    if (atCentre(place, [1, 1])) this.pointwise = new KernelTerm([outChannels, inputs, 1, 1], 1);
    if (groups < place.inChannels || groups === 1) {
      const internal = internalChannelsOf(place, internalChannels);
      this.sequential = new SequentialTerm(shape, groups, internal);
    }
    this.average = new KernelTerm([outChannels, inputs, 1, 1], 0.25);
    this.bias = convolutionBias(place);
  }

  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return conv2d(input, this.#kernel(), this.bias, this.place);
  }

  #kernel(): Value {
    const { kxk, pointwise, sequential, average, place } = this;
    const { groups = 1 } = place;
    const shape = kernelShape(place);
    const area = shape[2] * shape[3];
    const atCentre = (tap: number) => Number(2 * tap + 1 === area);
    const terms = [
      kxk.call(toValue(kxk.weight)),
      pointwise?.call(spread(pointwise.weight, shape, atCentre)),
      sequential?.call(product(sequential.weight1, sequential.weight2, groups)),
      average.call(spread(average.weight, shape, () => 1 / area)),
    ];
    return terms.filter((term) => term !== undefined).reduce((sum, term) => add(sum, term));
  }
}

/** A 1x1 kernel in a larger one of shape [O, I/groups, kH, kW], its numbers times a factor by tap. */
function spread(weight: Parameter, shape: Shape, factor: (tap: number) => number): Value {
  const area = shape[2] * shape[3];
  const factors = constant([1, area], Float32Array.from({ length: area }, (_, tap) => factor(tap)));
  return reshape(matmul(reshape(weight, [sizeOf(weight.shape), 1]), factors), shape);
}

/** The kernel [O, I/groups, kH, kW] of two in sequence, the first of 1x1. */
function product(first: Parameter, second: Parameter, groups: number): Value {
  const [internal, inputs] = first.shape, [outChannels, between, ...size] = second.shape;
  const rows = outChannels / groups;
  const unit = constant(
    [between, between],
    Float32Array.from(
      { length: between ** 2 },
      (_, i) => Number(i % (between + 1) === 0),
    ),
  );
  const part = (kernel: Parameter, group: number) => {
    const length = sizeOf(kernel.shape) / groups;
    return slice(reshape(kernel, [sizeOf(kernel.shape)]), group * length, length);
  };
  const products = Array.from({ length: groups }, (_, group) => {
    // The second kernel is an image over the inner channels, which the transposed first maps to
    // inputs.
    const early = reshape(part(first, group), [internal / groups, inputs]);
    const transposed = matmul(early, unit, { transposeA: true });
    const late = reshape(part(second, group), [rows, between, ...size]);
    return conv2d(late, reshape(transposed, [inputs, between, 1, 1]));
  });
  const length = sizeOf(products[0].shape);
  const packed = pack(products, products.map((_, group) => group * length), groups * length);
  return reshape(packed, [outChannels, inputs, ...size]);
}

const schema = z.strictObject({
  internalChannels: z.int().min(1).optional().describe(
    "Channels between the kernels in sequence; those of the input by default",
  ),
});

/** `orepa`: every kernel above 1x1 is an {@link OrepaConv2d}. */
export const orepa: ConvolutionEntry<typeof schema> = {
  about: "OREPA: the terms of DBB's branches composed to one kernel at each step",
  schema,
  build: (place, { internalChannels }) =>
    isPointwise(place) ? new Conv2d(place) : new OrepaConv2d(place, internalChannels),
};
