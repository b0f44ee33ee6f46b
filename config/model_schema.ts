/** The schema of `model`: a network by name or as a list of layers, and what its weights start as. */

import { z } from "../schema/entry.ts";
import { type FamilyOptions, listModels } from "../models/registry.ts";
import { layersSchema } from "./layers_schema.ts";
import type { Shape } from "./shape.ts";

const count = z.int().min(1);
const path = z.string().min(1);

/** A list of layers has a key of its own in a config. */
const namedModels = listModels().filter((name) => name !== "layers");

const modelOptions = z.strictObject(
  {
    width: count.optional().describe("Channels of the first convolution; all others follow it"),
    hidden: count.optional().describe("Outputs of do_conv_net's hidden linear layer"),
    stemReLU: z.boolean().optional().describe("ReLU after the stem of cifar_resnet*_v1"),
    groups: count.optional().describe("Groups of a bottleneck's 3x3 convolution"),
    widthPerGroup: count.optional().describe("Channels of each such group at 64 planes"),
  } satisfies Shape<FamilyOptions>,
);

/** `model` of a config. */
export const modelSchema = z.strictObject({
  name: z.enum(namedModels).optional().describe("A model by name"),
  layers: layersSchema.optional().describe("A model as a list of layers"),
  convolution: z.enum(["conv", "do_conv"]).default("do_conv").describe(
    "Plain convolutions, or over-parameterized ones (DO-Conv) that fold away after training",
  ),
  depthMultiplier: count.optional().describe(
    "D_mul of every DO-Conv, at least the kernel's area; the kernel's area by default",
  ),
  pairing: z.enum(["paper", "authors"]).default("paper").describe(
    "Which D a grouped kernel's row meets: the paper's pairing or the reference implementation's",
  ),
  options: modelOptions.optional().describe("Options of the named model; each takes its own"),
  pretrained: path.optional().describe(
    "Weights to start from: safetensors with PyTorch's names, or ONNX; plain kernels unfold",
  ),
  replaceClassifier: z.boolean().default(false).describe(
    "Start the last fully connected layer anew, for other classes than the pretrained weights'",
  ),
}).refine((m) => (m.name === undefined) !== (m.layers === undefined), {
  error: "give exactly one of name and layers",
}).refine((m) => m.options === undefined || m.layers === undefined, {
  path: ["options"],
  error: "a list of layers has no options; remove them",
}).refine((m) => m.pretrained !== undefined || !m.replaceClassifier, {
  path: ["replaceClassifier"],
  error: "without model.pretrained every layer starts anew; name a file there or remove this",
});
