/** The schema of `model`: a network by name or as a list of layers, and its initial weights. */

import { type ConvolutionSpec, convolutionSpecSchema } from "../layers/convolutions.ts";
import { type LayerSpec, layersSchema as layers } from "../layers/registry.ts";
import { type NamedConvolution, namedConvolutionsSchema } from "../models/named_convolutions.ts";
import { MODELS } from "../models/registry.ts";
import { namesBySchema, z } from "../schema/entry.ts";
import { isRecord } from "../schema/record.ts";
import { address, path } from "./path.ts";

interface ModelConfig {
  readonly name?: string;
  readonly layers?: readonly LayerSpec[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly convolution: ConvolutionSpec;
  readonly convolutions?: readonly NamedConvolution[];
  readonly pretrained?: string;
  readonly replaceClassifier?: boolean;
  readonly prefix?: string;
  readonly ignore?: readonly string[];
  readonly mirror?: string;
}

/** Keys that control how pretrained weights are loaded. */
const OF_PRETRAINED = {
  prefix: z.string().min(1).optional().describe(
    "Prefix of the model's names in the pretrained weights, such as backbone., or the keys that lead to " +
      "them in a PyTorch file, such as ema; by default what most names share",
  ).meta({ resume: "free" }),
  ignore: z.array(z.string().min(1)).optional().describe(
    "Names and prefixes, such as [head, '*.bias'], that are not loaded from the pretrained weights but " +
      "newly initialized",
  ).meta({ resume: "free" }),
  mirror: address.optional().describe(
    "Address of a server with the published weights, tried before the official ones",
  ).meta({ resume: "free" }),
};

const shared = {
  convolution: convolutionSpecSchema.default("do_conv").describe(
    "Kind of convolution, for every place of the model without a fixed one",
  ),
  convolutions: namedConvolutionsSchema.optional().describe(
    "Other kinds for some of them, by name; the first that fits counts",
  ),
  pretrained: path.optional().describe(
    "Weights to start from: a file of safetensors, PyTorch's own (.pth) or ONNX, or published ones such " +
      "as torchvision/resnet18 and timm/resnet18.a1_in1k; plain kernels unfold",
  ),
  replaceClassifier: z.boolean().optional().describe(
    "Whether the last fully connected layer is reinitialized; by default if the pretrained weights have " +
      "another number of classes",
  ).meta({ resume: "free" }),
  ...OF_PRETRAINED,
};

/** Keys that have no meaning without pretrained weights. */
const NEEDS_PRETRAINED = ["replaceClassifier", "prefix", "ignore", "mirror"] as const;

/** A list of layers has a key of its own in a config. */
const { layers: listed, ...named } = MODELS;

/**
 * A key that only another form of a model has: editors refuse it here; its rule below explains why.
 */
function foreign(schema: z.ZodType) {
  return schema.optional().describe("Not in this form of a model").meta({ not: {} });
}

const byName = namesBySchema(named).map(({ names, entry: { schema } }) =>
  z.strictObject({
    name: z.enum(names).describe("A model by name"),
    options: schema.optional().describe("Options of this model"),
    layers: foreign(layers),
    ...shared,
  })
);

const byLayers = z.strictObject({
  name: z.literal("layers").optional().describe("The model is a list of layers"),
  layers: layers.optional().describe(listed.about),
  options: foreign(z.unknown()),
  ...shared,
});

/** The rule also runs when single values are wrong. */
const ofKeys = { when: ({ value }: { value: unknown }) => isRecord(value) };

export const modelSchema = z.discriminatedUnion("name", [byLayers, ...byName])
  .refine(({ name, layers }) => name === undefined || name === "layers" || layers === undefined, {
    ...ofKeys,
    path: ["layers"],
    error: "give exactly one of name and layers",
  }).refine(
    ({ name, layers, options }) =>
      layers === undefined || options === undefined || (name ?? "layers") !== "layers",
    {
      ...ofKeys,
      path: ["options"],
      error: "a list of layers has no options; remove them",
    },
  ).refine(({ name, layers }) => name !== undefined || layers !== undefined, {
    error: "give exactly one of name and layers",
  }).refine(({ name, layers }) => name !== "layers" || layers !== undefined, {
    path: ["layers"],
    error: "missing; expected a list of layers",
  }).superRefine(({ pretrained, ...keys }, context) => {
    if (pretrained !== undefined) return;
    for (const key of NEEDS_PRETRAINED) {
      if (keys[key] === undefined || keys[key] === false) continue;
      context.addIssue({
        code: "custom",
        path: [key],
        message:
          "without model.pretrained every layer is newly initialized; name a file there or remove this",
      });
    }
  }) as unknown as z.ZodType<ModelConfig>;
