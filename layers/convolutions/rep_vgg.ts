/**
 * RepVGG's block, by Ding et al. (2021), arXiv:2101.03697: the kernel, a 1x1 kernel and the input itself,
 * each with a batch norm.
 */
import { Conv2d } from "../conv2d.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import {
  atCentre,
  BatchNormBranch,
  BranchedConvolution,
  ConvBatchNorm,
  hasBranches,
  hasIdentity,
} from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

/** Options of {@link RepVggConv2d}. */
export interface RepVggOptions {
  /** Makes the largest kernel. Default: a plain one. */
  readonly convolution?: ConvolutionFactory;
  /** Whether the input itself is a branch, where its shape allows. Default true. */
  readonly identity?: boolean;
}

/**
 * bn(K ∗ x) + bn(K₁ ∗ x) + bn(x), K₁ of 1x1 at the centre of K; the last only for as many channels at
 * stride 1.
 */
export class RepVggConv2d extends BranchedConvolution {
  readonly dense: ConvBatchNorm;
  readonly pointwise?: ConvBatchNorm;
  readonly identity?: BatchNormBranch;

  /** Throws InputError for sizes that do not divide into the groups. */
  constructor(place: ConvolutionPlace, { convolution, identity = true }: RepVggOptions = {}) {
    super();
    const centre = atCentre(place, [1, 1]);
    this.dense = new ConvBatchNorm(place, convolution);
    if (centre) this.pointwise = new ConvBatchNorm(centre);
    if (identity && hasIdentity(place)) this.identity = new BatchNormBranch(place);
  }
}

/** `rep_vgg`: every kernel above 1x1, with its batch norm, is a {@link RepVggConv2d}. */
export const repVgg: ConvolutionEntry<typeof nestingSchema> = {
  about: "RepVGG's blocks: k×k, 1×1 and identity, each with a batch norm",
  schema: nestingSchema,
  build: (place, own) =>
    hasBranches(place)
      ? new RepVggConv2d(place, { convolution: nestedFactory(own) })
      : new Conv2d(place),
};
