/**
 * Layers by name, as they are written in a config: option names are PyTorch's in camelCase, and
 * sizes that follow from the layer before (input channels, features) are inferred.
 */
import { InputError } from "../errors.ts";
import { input, trace } from "../graph/trace.ts";
import { formatShape, type Shape } from "../graph/types.ts";
import type { AvgPool2dOptions } from "../ops/avg_pool2d.ts";
import type { MaxPool2dOptions } from "../ops/max_pool2d.ts";
import { suggestion } from "../schema/nearest.ts";
import { ReLU, Tanh } from "./activations.ts";
import { BatchNorm2d, type BatchNorm2dOptions } from "./batch_norm2d.ts";
import { Conv2d, type Conv2dOptions } from "./conv2d.ts";
import { convolution, type ConvolutionKind } from "./convolution.ts";
import { DoConv2d, type DoConv2dOptions } from "./do_conv2d.ts";
import { Dropout, type DropoutOptions } from "./dropout.ts";
import { Flatten } from "./flatten.ts";
import { Linear } from "./linear.ts";
import type { Module } from "./module.ts";
import { AvgPool2d, GlobalAvgPool2d, MaxPool2d } from "./pooling.ts";
import { Sequential } from "./sequential.ts";

/** The options of each layer that can be built by name. */
export interface LayerOptions {
  /** A plain {@link Conv2d}. */
  conv2d: Omit<Conv2dOptions, "inChannels" | "initialize">;
  /** A {@link DoConv2d}. */
  do_conv2d: Omit<DoConv2dOptions, "inChannels" | "initialize">;
  /** `conv2d` or `do_conv2d`, as {@link LayerDefaults} says. */
  convolution: Omit<DoConv2dOptions, "inChannels" | "initialize">;
  /** A {@link BatchNorm2d}. */
  batch_norm2d: BatchNorm2dOptions;
  /** A {@link Linear}; its input must be flat. `bias` defaults to true. */
  linear: { readonly outFeatures: number; readonly bias?: boolean };
  /** A {@link MaxPool2d}. */
  max_pool2d: MaxPool2dOptions;
  /** An {@link AvgPool2d}. */
  avg_pool2d: AvgPool2dOptions;
  /** A {@link GlobalAvgPool2d}; has no options. */
  global_avg_pool2d: Record<never, never>;
  /** A {@link ReLU}; has no options. */
  relu: Record<never, never>;
  /** A {@link Tanh}; has no options. */
  tanh: Record<never, never>;
  /** A {@link Flatten}; has no options. */
  flatten: Record<never, never>;
  /** A {@link Dropout}. */
  dropout: DropoutOptions;
}

/** A layer that can be built by name. */
export type LayerName = keyof LayerOptions;

/** A layer in a list: its name alone, or one name with its options. */
export type LayerSpec = LayerName | { readonly [Name in LayerName]?: LayerOptions[Name] };

/** What the layers of a list may leave open. */
export interface LayerDefaults extends Pick<DoConv2dOptions, "depthMultiplier" | "pairing"> {
  /** What `convolution` stands for. Default `conv`. */
  readonly convolution?: ConvolutionKind;
}

type Builders = {
  [Name in LayerName]: (
    options: LayerOptions[Name],
    inputShape: Shape,
    defaults: LayerDefaults,
  ) => Module;
};

const BUILDERS: Builders = {
  conv2d: (options, inputShape) => new Conv2d({ ...options, inChannels: channelsOf(inputShape) }),
  do_conv2d: (options, inputShape, defaults) =>
    new DoConv2d(overParameterized(options, inputShape, defaults)),
  convolution: (options, inputShape, defaults) =>
    convolution(
      defaults.convolution ?? "conv",
      overParameterized(options, inputShape, defaults),
    ),
  batch_norm2d: (options, inputShape) => new BatchNorm2d(inputShape[0], options),
  linear: ({ outFeatures, ...options }, inputShape) => {
    if (inputShape.length !== 1) {
      throw new InputError(
        `its input has shape ${formatShape(inputShape)}, not one row of features; put "flatten" ` +
          "before it",
      );
    }
    return new Linear(inputShape[0], outFeatures, options);
  },
  max_pool2d: (options) => new MaxPool2d(options),
  avg_pool2d: (options) => new AvgPool2d(options),
  global_avg_pool2d: () => new GlobalAvgPool2d(),
  relu: () => new ReLU(),
  tanh: () => new Tanh(),
  flatten: () => new Flatten(),
  dropout: (options) => new Dropout(options),
};

/** Names of all layers that can be built by name. */
export function listLayers(): LayerName[] {
  return Object.keys(BUILDERS) as LayerName[];
}

/**
 * Builds a list of layers for inputs of shape `inputShape`, [C, H, W] or [F] without the batch, and
 * finds the shape of what they give, also without the batch. Throws InputError that names the
 * layer for an unknown name or options that do not fit.
 */
export function buildLayers(
  specs: readonly LayerSpec[],
  inputShape: Shape,
  defaults: LayerDefaults = {},
): { layers: Sequential; outputShape: Shape } {
  const layers: Module[] = [];
  let shape = inputShape;
  specs.forEach((spec, index) => {
    const [name, options] = typeof spec === "string" ? [spec, {}] : entryOf(spec, index);
    try {
      const layer = buildLayer(name, options, shape, defaults);
      shape = outputShape(layer, shape);
      layers.push(layer);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`layer ${index} (${name}): ${error.message}`, { at: ["layers", index] });
    }
  });
  return { layers: new Sequential(...layers), outputShape: shape };
}

function buildLayer<Name extends LayerName>(
  name: Name,
  options: LayerOptions[Name],
  inputShape: Shape,
  defaults: LayerDefaults,
): Module {
  if (!Object.hasOwn(BUILDERS, name)) {
    throw new InputError(
      `there is no such layer${suggestion(name, listLayers(), "layers")}`,
    );
  }
  return BUILDERS[name](options, inputShape, defaults);
}

function entryOf(
  spec: Exclude<LayerSpec, string>,
  index: number,
): [LayerName, LayerOptions[LayerName]] {
  const entries = Object.entries(spec);
  if (entries.length !== 1) {
    throw new InputError(
      `layer ${index} has ${entries.length} names (${Object.keys(spec).join(", ")}); expected one`,
      { at: ["layers", index] },
    );
  }
  return entries[0] as [LayerName, LayerOptions[LayerName]];
}

/** The layer's own shape rules decide: it is traced once on a batch of one. */
function outputShape(layer: Module, inputShape: Shape): Shape {
  let shape: Shape = [];
  trace({ name: "shape" }, () => {
    shape = layer.call(input("input", [1, ...inputShape])).shape.slice(1);
  });
  return shape;
}

function overParameterized(
  options: LayerOptions["do_conv2d"],
  inputShape: Shape,
  { depthMultiplier, pairing }: LayerDefaults,
): DoConv2dOptions {
  return { depthMultiplier, pairing, ...options, inChannels: channelsOf(inputShape) };
}

function channelsOf(inputShape: Shape): number {
  if (inputShape.length !== 3) {
    throw new InputError(
      `its input has shape ${formatShape(inputShape)}, not [channels, height, width]`,
    );
  }
  return inputShape[0];
}
