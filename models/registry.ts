/** Models by name. */
import { convolutionFactory, type ConvolutionSpec } from "../layers/convolutions.ts";
import { moveFormerOptions } from "../layers/convolutions/do_conv_former.ts";
import type { ConvolutionFactory } from "../layers/convolutions/entry.ts";
import type { Module } from "../layers/module.ts";
import { findEntry, parseOptions, type z } from "../schema/entry.ts";
import { copyOf } from "../schema/record.ts";
import { cifarResNets } from "./cifar_resnet.ts";
import { cifarWideResNets } from "./cifar_wide_resnet.ts";
import { convNeXts } from "./convnext.ts";
import { denseNets } from "./densenet.ts";
import { doConvNet } from "./do_conv_net.ts";
import { efficientNets } from "./efficientnet.ts";
import { listedLayers } from "./layers.ts";
import { mobileNetV1Entry } from "./mobilenet_v1.ts";
import { mobileNetV2Entry } from "./mobilenet_v2.ts";
import { mobileNetV3s } from "./mobilenet_v3.ts";
import { buildByName, type NamedConvolution } from "./named_convolutions.ts";
import { type ModelEntry, type ModelOptions, sharedSchema } from "./options.ts";
import { mobileOneNets } from "./mobile_one.ts";
import { repVggNets } from "./rep_vgg.ts";
import { resNets } from "./resnet.ts";
import { shuffleNets } from "./shufflenet_v2.ts";
import { vggs } from "./vgg.ts";

/** The models that can be built by name. */
export const MODELS: Readonly<Record<string, ModelEntry>> = {
  do_conv_net: doConvNet,
  ...cifarResNets,
  ...cifarWideResNets,
  ...resNets,
  ...vggs,
  ...denseNets,
  ...convNeXts,
  ...shuffleNets,
  mobilenet_v1: mobileNetV1Entry,
  mobilenet_v2: mobileNetV2Entry,
  ...mobileNetV3s,
  ...efficientNets,
  ...repVggNets,
  ...mobileOneNets,
  layers: listedLayers,
};

/** Options of {@link buildModel}. */
export interface BuildOptions extends Omit<ModelOptions, "convolution"> {
  /** Kind of the model's convolutions, by name or as a factory. Default `conv`. */
  readonly convolution?: ConvolutionSpec | ConvolutionFactory;
  /** Other kinds for parts of the model; the first entry that matches a module's name is used. */
  readonly convolutions?: readonly NamedConvolution[];
  /** The model's own options, such as `width`, `groups`, or `layers`; see its entry's schema. */
  readonly [option: string]: unknown;
}

/** Names of all models. */
export function listModels(): string[] {
  return Object.keys(MODELS);
}

/**
 * Builds a model by name; its parameters are zero until `initialize(seed)` or `loadStateDict`.
 * Throws InputError for an unknown name and for options the model does not take.
 *
 * ```ts
 * import { buildModel } from "./mod.ts";
 *
 * const model = buildModel("cifar_resnet20_v1", { classes: 10, convolution: "do_conv" });
 * model.initialize(0);
 * console.log(model.stateDict().get("conv1.W")?.shape); // [16, 3, 9]
 * ```
 */
export function buildModel(name: string, options: BuildOptions): Module {
  const entry = findEntry(MODELS, name, "model", ["name"]);
  const model: Record<string, unknown> = { ...options };
  if (model.layers !== undefined) model.layers = copyOf(model.layers);
  moveFormerOptions(model, "conv");
  const { convolution, ...others } = model;
  const factory = typeof convolution === "function" ? convolution as ConvolutionFactory : undefined;
  const schema = entry.schema.extend(sharedSchema.shape);
  const { convolution: kind, convolutions = [], ...parsed } = parseOptions(
    { ...entry, schema },
    factory || convolution === undefined ? others : { ...others, convolution },
    `model ${name}`,
  ) as z.output<typeof sharedSchema>;
  return buildByName(
    (convolution) => entry.build({ ...parsed, convolution }),
    factory ?? convolutionFactory(kind, ["convolution"]),
    convolutions,
  );
}
