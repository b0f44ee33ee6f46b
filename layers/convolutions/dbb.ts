/**
 * The diverse branch block (DBB), by Ding et al. (2021), arXiv:2103.13425: the kernel, a 1x1
 * kernel, a 1x1 and the kernel in sequence, and a 1x1 kernel before an average, each followed by
 * batch norms.
 *
 * A branch that pads the output of a batch norm pads with that batch norm's result for zero, like
 * the authors' code: then the branch is one convolution with zero padding of its input. Padding of
 * y by values v is zero padding of y − v with a response to v added: K ∗ pad(y) = K ∗ (y − v) + Σ
 * K·v.
 */
import type { Parameter } from "../../graph/parameter.ts";
import { constant } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { addBias } from "../../ops/add_bias.ts";
import { avgPool2d } from "../../ops/avg_pool2d.ts";
import { conv2d, pair } from "../../ops/conv2d.ts";
import { detach } from "../../ops/detach.ts";
import { fill } from "../../ops/fill.ts";
import { reshape } from "../../ops/reshape.ts";
import { scale } from "../../ops/scale.ts";
import { z } from "../../schema/entry.ts";
import { BatchNorm2d } from "../batch_norm2d.ts";
import { Conv2d } from "../conv2d.ts";
import { identityKernel, zeros } from "../init.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import { Module } from "../module.ts";
import {
  atCentre,
  BranchedConvolution,
  ConvBatchNorm,
  hasBranches,
  internalChannelsOf,
  kernelSizeOf,
} from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

/**
 * The padding of a batch norm's output inside a branch, while training: its result for zero by its
 * `running` statistics (as in the authors' code; no gradient passes), or by the `batch`'s own; or
 * the 1x1 kernel before it pads its `input`, so that the border counts in the statistics. All fold
 * in the same way.
 */
type Border = "running" | "batch" | "input";

const BORDERS = ["running", "batch", "input"] as const satisfies Border[];

/** A 1x1 kernel that is added to the identity and starts at zero. */
class IdentityConv2d extends Conv2d {
  constructor(options: ConvolutionPlace) {
    super({ ...options, initialize: zeros });
  }

  override forward(input: Value): Value {
    const { shape } = this.weight;
    const identity = constant(shape, identityKernel(shape));
    return conv2d(input, add(identity, this.weight), undefined, this.options);
  }
}

/** A batch norm's output, and its padding [C]; undefined for zeros. */
interface Bordered {
  readonly value: Value;
  readonly beyond?: Value;
}

function normalizeBordered(bn: BatchNorm2d, input: Value, border: Border): Bordered {
  const normalize = bn.normalizerFor(input);
  const value = normalize(input);
  if (border === "input") return { value };
  const { channels } = bn;
  const beyond = border === "running"
    ? detach(bn.responseToZero())
    : reshape(normalize(fill([1, channels], 0)), [channels]);
  return { value: addBias(value, scale(beyond, -1)), beyond };
}

/** 1x1 and full size in sequence. */
class SequentialBranch extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;

  constructor(place: ConvolutionPlace, private readonly border: Border, internalChannels?: number) {
    super();
    const { inChannels, groups, padding, batchNorm } = place;
    const internal = internalChannelsOf(place, internalChannels);
    const first: ConvolutionPlace = {
      inChannels,
      outChannels: internal,
      kernelSize: 1,
      padding: border === "input" ? padding : 0,
      groups,
      bias: false,
    };
    this.conv1 = internal === inChannels ? new IdentityConv2d(first) : new Conv2d(first);
    this.bn1 = new BatchNorm2d(internal, { ...batchNorm, initialWeight: 1 });
    this.conv2 = new Conv2d({
      ...place,
      inChannels: internal,
      padding: border === "input" ? 0 : padding,
      bias: false,
    });
    this.bn2 = new BatchNorm2d(place.outChannels, batchNorm);
  }

  forward(input: Value): Value {
    const { conv2: { weight, options } } = this;
    const { value, beyond } = normalizeBordered(this.bn1, this.conv1.call(input), this.border);
    const response = beyond && responseTo(beyond, weight, options.groups);
    return this.bn2.call(conv2d(value, weight, response, options));
  }
}

/** The response [O] of a kernel to images with one constant per channel [C]. */
function responseTo(numbers: Value, weight: Parameter, groups?: number): Value {
  const [outChannels, , height, width] = weight.shape;
  const window = addBias(fill([1, numbers.shape[0], height, width], 0), numbers);
  return reshape(conv2d(window, weight, undefined, { groups }), [outChannels]);
}

/** A 1x1 kernel followed by an average; only the average in a depthwise convolution. */
class AverageBranch extends Module {
  readonly conv?: Conv2d;
  readonly bn1?: BatchNorm2d;
  readonly bn2: BatchNorm2d;

  constructor(private readonly place: ConvolutionPlace, private readonly border: Border) {
    super();
    const { outChannels, padding, batchNorm } = place;
    if (!isDepthwise(place)) {
      this.conv = new Conv2d({
        ...place,
        kernelSize: 1,
        stride: 1,
        padding: border === "input" ? padding : 0,
        bias: false,
      });
      this.bn1 = new BatchNorm2d(outChannels, { ...batchNorm, initialWeight: 1 });
    }
    this.bn2 = new BatchNorm2d(outChannels, batchNorm);
  }

  forward(input: Value): Value {
    const { conv, bn1, bn2, place: { kernelSize, stride = 1, padding }, border } = this;
    const { value, beyond }: Bordered = conv && bn1
      ? normalizeBordered(bn1, conv.call(input), border)
      : { value: input };
    const isPadded = conv && border === "input";
    const mean = avgPool2d(value, { kernelSize, stride, padding: isPadded ? 0 : padding });
    return bn2.call(beyond ? addBias(mean, beyond) : mean);
  }
}

/** Whether each output sees one channel: the 1x1 kernels of such a block would be scales. */
function isDepthwise({ outChannels, groups = 1 }: ConvolutionPlace): boolean {
  return groups === outChannels;
}

/** Whether the place's windows can be averaged: taps side by side, zeros in less than half of them. */
function hasAverage(place: ConvolutionPlace): boolean {
  const { dilation = 1, padding = 0, paddingMode = "zeros" } = place;
  const size = kernelSizeOf(place);
  return pair(dilation).every((distance) => distance === 1) &&
    pair(padding).every((rows, axis) =>
      rows <= size[axis] / 2 && (rows === 0 || paddingMode === "zeros")
    );
}

interface DiverseBranchOptions {
  /** Makes the kernel of the first branch. Default: a plain one. */
  readonly convolution?: ConvolutionFactory;
  /** Default `running`. */
  readonly border?: Border;
  /**
   * Channels between the consecutive kernels, a multiple of the groups. Default: those of the
   * input, twice that in a depthwise convolution.
   */
  readonly internalChannels?: number;
}

/**
 * bn(K ∗ x) + bn(K₁ ∗ x) + bn(K₃ ∗ bn(K₂ ∗ x)) + bn(mean(bn(K₄ ∗ x))). Branches that do not fit the place
 * are left out: 1x1 kernels of depthwise convolutions and off the center, averages of dilated ones, and of those
 * that pad with more than half a kernel or with something else than zeros.
 */
class DiverseBranchConv2d extends BranchedConvolution {
  readonly origin: ConvBatchNorm;
  readonly pointwise?: ConvBatchNorm;
  readonly sequential: SequentialBranch;
  readonly average?: AverageBranch;

  /** Throws InputError for sizes that do not divide into the groups. */
  constructor(
    place: ConvolutionPlace,
    { convolution, border = "running", internalChannels }: DiverseBranchOptions = {},
  ) {
    super();
    const centre = isDepthwise(place) ? undefined : atCentre(place, [1, 1]);
    this.origin = new ConvBatchNorm(place, convolution);
    if (centre) this.pointwise = new ConvBatchNorm(centre);
    this.sequential = new SequentialBranch(place, border, internalChannels);
    if (hasAverage(place)) this.average = new AverageBranch(place, border);
  }

  override get publishedNames(): Readonly<Record<string, string>> {
    return {
      dbb_origin: "origin",
      dbb_1x1: "pointwise",
      "dbb_1x1_kxk.idconv1": "sequential.conv1",
      "dbb_1x1_kxk.bn1.bn": "sequential.bn1",
      dbb_1x1_kxk: "sequential",
      "dbb_avg.bn.bn": "average.bn1",
      "dbb_avg.avgbn": "average.bn2",
      dbb_avg: "average",
    };
  }
}

const schema = nestingSchema.extend({
  border: z.enum(BORDERS).default("running").describe(
    "What lies beyond the border inside a branch while training: what the batch norm there makes of " +
      "zero by its running statistics or by the batch's, or what it makes of the padded input",
  ),
  internalChannels: z.int().min(1).optional().describe(
    "Channels between the kernels in sequence; those of the input by default, twice as many depthwise",
  ),
});

/** `dbb`: every kernel above 1x1, with its batch norm, is a {@link DiverseBranchConv2d}. */
export const dbb: ConvolutionEntry<typeof schema> = {
  about: "DBB's blocks: k×k, 1×1, 1×1 before k×k and 1×1 before an average, with batch norms",
  schema,
  build: (place, { convolution, ...own }) =>
    hasBranches(place)
      ? new DiverseBranchConv2d(place, { ...own, convolution: nestedFactory({ convolution }) })
      : new Conv2d(place),
};
