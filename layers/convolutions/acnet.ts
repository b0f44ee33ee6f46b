/**
 * The asymmetric convolution block of ACNet, by Ding et al. (2019), arXiv:1908.03930: a k×k, a 1×k and a
 * k×1 kernel, each with a batch norm.
 */
import { Conv2d } from "../conv2d.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import {
  atCentre,
  BranchedConvolution,
  ConvBatchNorm,
  hasBranches,
  kernelSizeOf,
} from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";

/** bn(K ∗ x) + bn(row ∗ x) + bn(column ∗ x). Branches that do not fit the place are omitted. */
class AsymmetricConv2d extends BranchedConvolution {
  readonly square: ConvBatchNorm;
  readonly horizontal?: ConvBatchNorm;
  readonly vertical?: ConvBatchNorm;

  /**
   * Throws InputError for sizes that do not divide into the groups.
   *
   * @param convolution makes the largest kernel. Default: a plain one
   */
  constructor(place: ConvolutionPlace, convolution?: ConvolutionFactory) {
    super();
    const [height, width] = kernelSizeOf(place);
    const row = atCentre(place, [1, width]), column = atCentre(place, [height, 1]);
    this.square = new ConvBatchNorm(place, convolution);
    if (row) this.horizontal = new ConvBatchNorm(row);
    if (column) this.vertical = new ConvBatchNorm(column);
  }

  override get publishedNames(): Readonly<Record<string, string>> {
    return {
      square_conv: "square.conv",
      square_bn: "square.bn",
      hor_conv: "horizontal.conv",
      hor_bn: "horizontal.bn",
      ver_conv: "vertical.conv",
      ver_bn: "vertical.bn",
    };
  }
}

/** `acnet`: every kernel above 1x1, with its batch norm, is an {@link AsymmetricConv2d}. */
export const acnet: ConvolutionEntry<typeof nestingSchema> = {
  about: "ACNet's blocks: k×k, 1×k and k×1, each with a batch norm",
  schema: nestingSchema,
  build: (place, own) =>
    hasBranches(place) ? new AsymmetricConv2d(place, nestedFactory(own)) : new Conv2d(place),
};
