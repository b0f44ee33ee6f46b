/**
 * RepConv, the block of YOLOv7 by Wang et al. (2022), arXiv:2207.02696: RepVGG's block without the
 * identity branch, for places with a shortcut around them.
 */
import { Conv2d } from "../conv2d.ts";
import { nestedFactory, nestingSchema } from "../kernels.ts";
import { hasBranches } from "./branches.ts";
import type { ConvolutionEntry, ConvolutionFactory, ConvolutionPlace } from "./entry.ts";
import { RepVggConv2d } from "./rep_vgg.ts";

/** bn(K ∗ x) + bn(K₁ ∗ x). */
class RepConv2d extends RepVggConv2d {
  /**
   * Throws InputError for sizes that do not divide into the groups.
   *
   * @param convolution makes the largest kernel. Default: a plain one
   */
  constructor(place: ConvolutionPlace, convolution?: ConvolutionFactory) {
    super(place, { convolution, identity: false });
  }
}

/** `rep_conv`: every kernel above 1x1, with its batch norm, is a {@link RepConv2d}. */
export const repConv: ConvolutionEntry<typeof nestingSchema> = {
  about: "RepConv (YOLOv7): k×k and 1×1, each with a batch norm",
  schema: nestingSchema,
  build: (place, own) =>
    hasBranches(place) ? new RepConv2d(place, nestedFactory(own)) : new Conv2d(place),
};
