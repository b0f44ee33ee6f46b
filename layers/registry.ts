/** Layers by name, and networks written as lists of them. */
import { InputError, within } from "../errors.ts";
import { input, trace } from "../graph/trace.ts";
import type { Shape } from "../graph/types.ts";
import {
  bareNames,
  findEntry,
  type OptionsOf,
  parseOptions,
  requireList,
  z,
} from "../schema/entry.ts";
import { activationLayers } from "./activations.ts";
import { batchNorm2dLayer } from "./batch_norm2d.ts";
import { type BlockEntry, BLOCKS } from "./blocks.ts";
import { channelShuffleLayer } from "./channel_shuffle.ts";
import { conv2dLayer } from "./conv2d.ts";
import { convolutionLayer } from "./convolution.ts";
import { doConv2dLayer } from "./do_conv2d.ts";
import { dropout2dLayer, dropoutLayer, stochasticDepthLayer } from "./dropout.ts";
import { flattenLayer } from "./flatten.ts";
import type { ConvolutionOptions } from "./convolutions/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { layerScaleLayer } from "./layer_scale.ts";
import { linearLayer } from "./linear.ts";
import type { Module } from "./module.ts";
import {
  adaptiveAvgPool2dLayer,
  avgPool2dLayer,
  globalAvgPool2dLayer,
  maxPool2dLayer,
} from "./pooling.ts";
import { preluLayer } from "./prelu.ts";
import { groupNormLayer, layerNorm2dLayer } from "./row_norms.ts";
import { Sequential } from "./sequential.ts";
import { squeezeExcitationLayer } from "./squeeze_excitation.ts";

/** The layers that a list can name. */
export const LAYERS = {
  conv2d: conv2dLayer,
  do_conv2d: doConv2dLayer,
  convolution: convolutionLayer,
  batch_norm2d: batchNorm2dLayer,
  layer_norm2d: layerNorm2dLayer,
  group_norm: groupNormLayer,
  linear: linearLayer,
  max_pool2d: maxPool2dLayer,
  avg_pool2d: avgPool2dLayer,
  adaptive_avg_pool2d: adaptiveAvgPool2dLayer,
  global_avg_pool2d: globalAvgPool2dLayer,
  channel_shuffle: channelShuffleLayer,
  ...activationLayers,
  prelu: preluLayer,
  flatten: flattenLayer,
  dropout: dropoutLayer,
  dropout2d: dropout2dLayer,
  stochastic_depth: stochasticDepthLayer,
  layer_scale: layerScaleLayer,
  squeeze_excitation: squeezeExcitationLayer,
} satisfies Record<string, LayerEntry>;

/** A layer that can be built by name. */
export type LayerName = keyof typeof LAYERS;

const ALL = { ...LAYERS, ...BLOCKS };

/** A layer in a list: its name alone, one name with its options, or a block with its lists. */
export type LayerSpec =
  | LayerName
  | { readonly [Name in LayerName]?: OptionsOf<(typeof LAYERS)[Name]> }
  | {
    readonly [Name in keyof typeof BLOCKS]?: (typeof BLOCKS)[Name]["several"] extends true
      ? readonly (readonly LayerSpec[])[]
      : readonly LayerSpec[];
  };

const options = Object.entries<LayerEntry>(LAYERS)
  .map(([name, { about, schema }]) => [name, schema.describe(about)]);

const lists = Object.entries<BlockEntry>(BLOCKS).map(([name, { about, several }]) => {
  const list: z.ZodType = z.lazy(() => several ? z.array(layer) : layersSchema);
  return [name, (several ? z.array(list).min(1) : list).describe(about)];
});

const withOptions = z.strictObject(Object.fromEntries([...options, ...lists])).partial()
  .refine((layer) => Object.keys(layer).length === 1, {
    error: "an entry contains one layer; start the next one with its own dash",
  })
  .meta({ minProperties: 1, maxProperties: 1 });

const layer = z.union([z.enum(bareNames(LAYERS)), withOptions]).meta({ id: "layer" });

/** The schema of a list of layers; one that needs no option may be written as its name alone. */
export const layersSchema = z.array(layer).min(1).meta({ id: "layers" }) as //
// A name maps to its own options, which zod's type of a record made from a registry forgets.
unknown as z.ZodType<LayerSpec[], readonly LayerSpec[]>;

/**
 * Builds a list of layers for inputs of shape `inputShape`, [C, H, W] or [F] without the batch, and
 * returns their output shape, also without the batch. Throws InputError that names the layer for an
 * unknown name or options that do not fit; `at` starts with its index in the list.
 */
export function buildLayers(
  specs: readonly LayerSpec[],
  inputShape: Shape,
  defaults: ConvolutionOptions = {},
): { layers: Sequential; outputShape: Shape } {
  const layers: Module[] = [];
  let shape = inputShape;
  specs.forEach((spec, index) => {
    const [name, options] = typeof spec === "string" ? [spec, {}] : entryOf(spec, index);
    try {
      const entry = findEntry<LayerEntry | BlockEntry>(ALL, name, "layer");
      const layer = "several" in entry
        ? buildBlock(entry, options, shape, defaults)
        : entry.build(parseOptions(entry, options, "options"), shape, defaults);
      shape = outputShape(layer, shape);
      layers.push(layer);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`layer ${index} (${name}): ${error.message}`, {
        at: [index, ...error.at ? [name, ...error.at] : []],
        cause: error,
      });
    }
  });
  return { layers: new Sequential(...layers), outputShape: shape };
}

function buildBlock(
  { several, build }: BlockEntry,
  lists: unknown,
  inputShape: Shape,
  defaults: ConvolutionOptions,
): Module {
  const listOf = (list: unknown) => {
    requireList(list, "layers", "[relu]");
    return buildLayers(list as readonly LayerSpec[], inputShape, defaults).layers;
  };
  if (!several) return build([listOf(lists)]);
  requireList(lists, "lists of layers", "[[relu], [tanh]]");
  return build((lists as readonly unknown[]).map((list, i) => within([i], () => listOf(list))));
}

function entryOf(spec: Exclude<LayerSpec, string>, index: number): [string, unknown] {
  const entries = Object.entries(spec);
  if (entries.length !== 1) {
    throw new InputError(
      `layer ${index} has ${entries.length} names (${Object.keys(spec).join(", ")}); expected one`,
      { at: [index] },
    );
  }
  return entries[0];
}

/** The layer's own shape rules decide: it is traced once on a batch of one, for the shape alone. */
function outputShape(layer: Module, inputShape: Shape): Shape {
  let shape: Shape = [];
  const bind = () => ({ variable: "", offset: 0 });
  trace({ name: "shape", bind }, () => {
    shape = layer.call(input("input", [1, ...inputShape])).shape.slice(1);
  });
  return shape;
}
