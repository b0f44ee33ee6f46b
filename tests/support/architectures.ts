/** The architectures of fixtures of the kind `network`. A new one is an entry here. */
import { z } from "zod";
import type { Module } from "../../layers/module.ts";
import { CifarWideResNet } from "../../models/cifar_wide_resnet.ts";
import { ConvNeXt } from "../../models/convnext.ts";
import { DenseNet } from "../../models/densenet.ts";
import { efficientNet } from "../../models/efficientnet.ts";
import { mobileNetV1 } from "../../models/mobilenet_v1.ts";
import { mobileNetV2 } from "../../models/mobilenet_v2.ts";
import { MOBILENET_V3, mobileNetV3 } from "../../models/mobilenet_v3.ts";
import type { ModelOptions } from "../../models/options.ts";
import { Bottleneck } from "../../models/residual_blocks.ts";
import { ResNet } from "../../models/resnet.ts";
import { ShuffleNetV2 } from "../../models/shufflenet_v2.ts";
import { VGG } from "../../models/vgg.ts";
import type { Fixture } from "./fixture.ts";

/** Builds the network of a fixture's config. */
type Architecture = (fixture: Fixture, options: ModelOptions) => Module;

/** An architecture whose sizes a schema reads from the config. */
function architecture<T>(
  schema: z.ZodType<T>,
  build: (sizes: T, options: ModelOptions) => Module,
): Architecture {
  return (fixture, options) => build(fixture.config(schema), options);
}

function mobileNetV3Architecture(size: keyof typeof MOBILENET_V3): Architecture {
  return architecture(
    z.object({ width_mult: z.number(), dropout: z.number() }),
    ({ width_mult, dropout }, options) =>
      mobileNetV3({ ...options, ...MOBILENET_V3[size], widthMult: width_mult, dropout }),
  );
}

const four = z.tuple([z.int(), z.int(), z.int(), z.int()]);

/** The architectures by their names in configs. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  cifar_wide_resnet: architecture(
    z.object({ depth: z.int(), widen_factor: z.int(), base_width: z.int() }),
    ({ depth, widen_factor: widenFactor, base_width: width }, options) =>
      new CifarWideResNet({ ...options, depth, widenFactor, width }),
  ),
  convnext: architecture(
    z.object({
      block_setting: z.array(z.tuple([z.int(), z.int().nullable(), z.int()])),
      stochastic_depth_prob: z.number(),
      layer_norm_eps: z.literal(1e-6),
    }),
    ({ block_setting, stochastic_depth_prob: stochasticDepthProb }, options) =>
      new ConvNeXt({
        ...options,
        blocks: block_setting.map(([, , count]) => count),
        channels: block_setting.map(([channels]) => channels),
        stochasticDepthProb,
      }),
  ),
  densenet: architecture(
    z.object({
      block_config: z.array(z.int()),
      growth_rate: z.int(),
      num_init_features: z.int(),
      bn_size: z.int(),
    }),
    (
      { block_config, growth_rate: growthRate, num_init_features: width, bn_size: bottleneck },
      options,
    ) => new DenseNet({ ...options, blocks: block_config, growthRate, width, bottleneck }),
  ),
  efficientnet_b0: architecture(
    z.object({
      width_mult: z.number(),
      depth_mult: z.number(),
      dropout: z.number(),
      stochastic_depth_prob: z.number(),
    }),
    ({ width_mult, depth_mult, dropout, stochastic_depth_prob }, options) =>
      efficientNet({
        ...options,
        widthMult: width_mult,
        depthMult: depth_mult,
        dropout,
        stochasticDepthProb: stochastic_depth_prob,
      }),
  ),
  mobilenet_v1: architecture(
    z.object({ alpha: z.number() }),
    ({ alpha }, options) => mobileNetV1({ ...options, widthMult: alpha }),
  ),
  mobilenet_v2: architecture(
    z.object({ width_mult: z.number(), round_nearest: z.int(), dropout: z.number() }),
    ({ width_mult, round_nearest, dropout }, options) =>
      mobileNetV2({ ...options, widthMult: width_mult, roundNearest: round_nearest, dropout }),
  ),
  mobilenet_v3_small: mobileNetV3Architecture("small"),
  mobilenet_v3_large: mobileNetV3Architecture("large"),
  resnet: architecture(
    z.object({
      block: z.literal("Bottleneck"),
      layers: four,
      width: z.int(),
      stage_planes: four,
      groups: z.int(),
      width_per_group: z.int(),
    }),
    ({ layers, width, stage_planes, groups, width_per_group: widthPerGroup }, options) =>
      new ResNet({
        ...options,
        block: Bottleneck,
        blocks: layers,
        channels: [width, ...stage_planes],
        groups,
        widthPerGroup,
      }),
  ),
  shufflenet_v2: architecture(
    z.object({
      stages_repeats: z.tuple([z.int(), z.int(), z.int()]),
      stages_out_channels: z.tuple([z.int(), z.int(), z.int(), z.int(), z.int()]),
    }),
    ({ stages_repeats: blocks, stages_out_channels: channels }, options) =>
      new ShuffleNetV2({ ...options, blocks, channels }),
  ),
  vgg: architecture(
    z.object({
      cfg: z.array(z.union([z.int(), z.literal("M")])),
      hidden: z.int(),
      dropout: z.number(),
    }),
    ({ cfg, ...sizes }, options) => {
      const stages: number[][] = [[]];
      for (const layer of cfg) {
        if (layer === "M") stages.push([]);
        else stages.at(-1)!.push(layer);
      }
      return new VGG({ ...options, ...sizes, stages: stages.slice(0, -1) });
    },
  ),
};
