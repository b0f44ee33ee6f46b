/**
 * MobileOne, by Vasu et al. (2023), arXiv:2206.04040: alternating depthwise and pointwise blocks
 * that train as parallel branches and are deployed as one convolution and ReLU each. Modules are
 * named as timm names them.
 */
import type { Value } from "../graph/types.ts";
import { MobileOneConv2d } from "../layers/convolutions/mobile_one.ts";
import { relu } from "../ops/relu.ts";
import { modelConvolution, type ModelEntry } from "./options.ts";
import { stagedChannels, StagedNet, type StagedNetOptions, stagedSchema } from "./rep_vgg.ts";

/** A block: the branches' sum, and ReLU. */
class MobileOneBlock extends MobileOneConv2d {
  override forward(input: Value): Value {
    return relu(super.forward(input));
  }
}

/**
 * MobileOne without squeeze-and-excitation. The kernels of its blocks have the model's kind of
 * convolution, with `copies` of each.
 */
function mobileOneNet(options: StagedNetOptions, copies: number): StagedNet {
  const { inputChannels = 3, channels: [stem] } = options;
  const block = (inChannels: number, outChannels: number, kernelSize: number, stride: number) =>
    new MobileOneBlock({
      inChannels,
      outChannels,
      kernelSize,
      stride,
      padding: (kernelSize - 1) / 2,
      groups: kernelSize > 1 && inChannels === outChannels ? inChannels : 1,
    }, { copies, convolution: (place) => modelConvolution(options, place) });
  return new StagedNet(
    options,
    block(inputChannels, stem, 3, 2),
    (inChannels, outChannels, stride) => [
      block(inChannels, inChannels, 3, stride),
      block(inChannels, outChannels, 1, 1),
    ],
  );
}

function entryOf(factors: readonly number[], copies: number): ModelEntry<typeof stagedSchema> {
  return {
    about: "A MobileOne: parallel branches while it trains, depthwise and 1x1 convolutions folded",
    schema: stagedSchema,
    build({ widthMult, ...options }) {
      const channels = stagedChannels(factors, widthMult);
      return mobileOneNet({ ...options, blocks: [2, 8, 10, 1], channels }, copies);
    },
  };
}

/** `mobile_one_{s0,s1,s2,s3}`. */
export const mobileOneNets: Record<string, ModelEntry<typeof stagedSchema>> = {
  mobile_one_s0: entryOf([0.75, 1, 1, 2], 4),
  mobile_one_s1: entryOf([1.5, 1.5, 2, 2.5], 1),
  mobile_one_s2: entryOf([1.5, 2, 2.5, 4], 1),
  mobile_one_s3: entryOf([2, 2.5, 3, 4], 1),
};
