/**
 * RepVGG, by Ding et al. (2021), arXiv:2101.03697: stages of blocks that train as parallel branches
 * and are deployed as one 3x3 convolution and ReLU each. Modules are named as timm names them.
 */
import type { Value } from "../graph/types.ts";
import { RepVggConv2d } from "../layers/convolutions/rep_vgg.ts";
import { normal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { NamedSequential, Sequential } from "../layers/sequential.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolution, type ModelEntry, type ModelOptions } from "./options.ts";

export interface StagedNetOptions extends ModelOptions {
  /** Channels of the stem, then of each stage. */
  readonly channels: readonly number[];
  /** Blocks of each stage; the first one strides. */
  readonly blocks: readonly number[];
}

/** Makes a block of convolutions that ends with ReLU. */
type BlockMaker = (inChannels: number, outChannels: number, stride: number) => Module[];

/** `stem` at stride 2, `stages`, each halving the image, global average pool, `head.fc`. */
export class StagedNet extends Module {
  readonly stem: Module;
  readonly stages: Sequential;
  readonly head: NamedSequential;

  /** @param make makes the blocks of the stages */
  constructor(options: StagedNetOptions, stem: Module, make: BlockMaker) {
    super();
    const { classes, channels, blocks } = options;
    this.stem = stem;
    this.stages = new Sequential(...blocks.map((count, i) =>
      new Sequential(
        ...Array.from(
          { length: count },
          (_, k) => make(channels[k === 0 ? i : i + 1], channels[i + 1], k === 0 ? 2 : 1),
        ).flat(),
      )
    ));
    const start = { initialize: normal(0.01), initializeBias: zeros };
    this.head = new NamedSequential({ fc: new Linear(channels.at(-1)!, classes, start) });
  }

  /** Names in the authors' code. */
  override get publishedNames(): Readonly<Record<string, string>> {
    const stages = this.stages.layers.map((_, i) => [`stage${i + 1}`, `stages.${i}`]);
    return { stage0: "stem", ...Object.fromEntries(stages), linear: "head.fc" };
  }

  forward(input: Value): Value {
    const features = this.stages.call(this.stem.call(input));
    return this.head.call(flatten(globalAvgPool2d(features)));
  }
}

/** A block: the branches' sum, and ReLU. */
class RepVggBlock extends RepVggConv2d {
  override forward(input: Value): Value {
    return relu(super.forward(input));
  }
}

/**
 * RepVGG. The 3x3 kernels of its blocks have the model's kind of convolution. Kernels start like
 * PyTorch's layers, as in the authors' code.
 */
function repVggNet(options: StagedNetOptions): StagedNet {
  const { inputChannels = 3, channels: [stem] } = options;
  const block = (inChannels: number, outChannels: number, stride: number) =>
    new RepVggBlock({ inChannels, outChannels, kernelSize: 3, stride, padding: 1 }, {
      convolution: (place) => modelConvolution(options, place),
    });
  return new StagedNet(options, block(inputChannels, stem, 2), (...place) => [block(...place)]);
}

/** Options of networks in stages. */
export const stagedSchema = z.strictObject({
  widthMult: z.number().positive().default(1).describe("Factor of the channels of all layers"),
});

/** Channels of the stem and four stages: 64, 128, 256 and 512 times `factors`. */
export function stagedChannels(factors: readonly number[], widthMult: number): number[] {
  const stages = factors.map((factor, i) => Math.floor(64 * 2 ** i * factor * widthMult));
  return [Math.min(Math.floor(64 * widthMult), stages[0]), ...stages];
}

function entryOf(
  blocks: readonly number[],
  factors: readonly number[],
): ModelEntry<typeof stagedSchema> {
  return {
    about: "A RepVGG: 3x3, 1x1 and identity while it trains, 3x3 convolutions folded",
    schema: stagedSchema,
    build: ({ widthMult, ...options }) =>
      repVggNet({ ...options, blocks, channels: stagedChannels(factors, widthMult) }),
  };
}

/** `rep_vgg_{a0,a1,a2,b0,b1}`. */
export const repVggNets: Record<string, ModelEntry<typeof stagedSchema>> = {
  rep_vgg_a0: entryOf([2, 4, 14, 1], [0.75, 0.75, 0.75, 2.5]),
  rep_vgg_a1: entryOf([2, 4, 14, 1], [1, 1, 1, 2.5]),
  rep_vgg_a2: entryOf([2, 4, 14, 1], [1.5, 1.5, 1.5, 2.75]),
  rep_vgg_b0: entryOf([4, 6, 16, 1], [1, 1, 1, 2.5]),
  rep_vgg_b1: entryOf([4, 6, 16, 1], [2, 2, 2, 4]),
};
