/**
 * RepVGG's block, by Ding et al. (2021), arXiv:2101.03697: the kernel, a 1x1 kernel and the
 * identity, each with a batch norm.
 */
import type { BatchNorm2d } from "../batch_norm2d.ts";
import { Conv2d } from "../conv2d.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import {
  atCentre,
  BranchedConvolution,
  ConvBatchNorm,
  hasBranches,
  identityBranch,
} from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

interface RepVggOptions {
  /** Makes the largest kernel. Default: a plain one. */
  readonly convolution?: ConvolutionFactory;
  /** Whether the identity is a branch, if its shape allows. Default true. */
  readonly identity?: boolean;
}

/**
 * bn(K ∗ x) + bn(K₁ ∗ x) + bn(x), K₁ of 1x1 at the center of K; the last only for equal channels at
 * stride 1. Branches are named as timm names them.
 */
export class RepVggConv2d extends BranchedConvolution {
  readonly conv_kxk: ConvBatchNorm;
  readonly conv_1x1?: ConvBatchNorm;
  readonly identity?: BatchNorm2d;

  /** Throws InputError for sizes that do not divide into the groups. */
  constructor(place: ConvolutionPlace, { convolution, identity = true }: RepVggOptions = {}) {
    super();
    const centre = atCentre(place, [1, 1]);
    this.conv_kxk = new ConvBatchNorm(place, convolution);
    if (centre) this.conv_1x1 = new ConvBatchNorm(centre);
    if (identity) this.identity = identityBranch(place);
  }

  /** Of RepVGG's code, and of YOLOv7's. */
  override get publishedNames(): Readonly<Record<string, string>> {
    return {
      "rbr_dense.0": "conv_kxk.conv",
      "rbr_dense.1": "conv_kxk.bn",
      "rbr_1x1.0": "conv_1x1.conv",
      "rbr_1x1.1": "conv_1x1.bn",
      rbr_dense: "conv_kxk",
      rbr_1x1: "conv_1x1",
      rbr_identity: "identity",
    };
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
