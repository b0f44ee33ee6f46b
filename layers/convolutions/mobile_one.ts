/**
 * MobileOne's block, by Vasu et al. (2023), arXiv:2206.04040: several kernels of one size, a 1x1
 * kernel next to larger ones and the identity, each with a batch norm.
 */
import { z } from "../../schema/entry.ts";
import type { BatchNorm2d } from "../batch_norm2d.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import {
  atCentre,
  BranchedConvolution,
  ConvBatchNorm,
  identityBranch,
  isPointwise,
} from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

interface MobileOneOptions {
  /** Kernels of the place's size. Default 4, the paper's for its smallest networks. */
  readonly copies?: number;
  /** Makes each of them. Default: a plain one. */
  readonly convolution?: ConvolutionFactory;
}

/**
 * Σ bn(K ∗ x) over the copies + bn(K₁ ∗ x) + bn(x); the second only next to kernels above 1x1, the
 * last only for equal channels at stride 1. Branches that do not fit the place are omitted. They
 * are named as timm names them.
 */
export class MobileOneConv2d extends BranchedConvolution {
  readonly conv_kxk: readonly ConvBatchNorm[];
  readonly conv_scale?: ConvBatchNorm;
  readonly identity?: BatchNorm2d;

  /** Throws InputError for sizes that do not divide into the groups. */
  constructor(place: ConvolutionPlace, { copies = 4, convolution }: MobileOneOptions = {}) {
    super();
    const centre = isPointwise(place) ? undefined : atCentre(place, [1, 1]);
    this.conv_kxk = Array.from({ length: copies }, () => new ConvBatchNorm(place, convolution));
    if (centre) this.conv_scale = new ConvBatchNorm(centre);
    this.identity = identityBranch(place);
  }

  override get publishedNames(): Readonly<Record<string, string>> {
    return { rbr_conv: "conv_kxk", rbr_scale: "conv_scale", rbr_skip: "identity" };
  }
}

const schema = nestingSchema.extend({
  copies: z.int().min(1).max(32).default(4).describe("Kernels of the same size that are added up"),
});

/** `mobile_one`: every kernel, 1x1 too, with its batch norm, is a {@link MobileOneConv2d}. */
export const mobileOne: ConvolutionEntry<typeof schema> = {
  about: "MobileOne's blocks: several k×k, 1×1 and identity, each with a batch norm",
  schema,
  build: (place, { copies, convolution }) =>
    new MobileOneConv2d(place, { copies, convolution: nestedFactory({ convolution }) }),
};
