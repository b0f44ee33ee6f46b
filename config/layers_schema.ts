/**
 * The schema of `model.layers`: a network written as a list of layers. Option names and default
 * values are PyTorch's in camelCase; sizes that follow from the layer before are inferred.
 */

import { z } from "../schema/entry.ts";
import type { LayerName, LayerOptions } from "../layers/registry.ts";
import type { Shape } from "./shape.ts";

const size = z.union([z.int().min(1), z.tuple([z.int().min(1), z.int().min(1)])]);
const padding = z.union([z.int().min(0), z.tuple([z.int().min(0), z.int().min(0)])]);

const convolutionShape = {
  outChannels: z.int().min(1).describe("Output channels"),
  kernelSize: size.describe("Kernel size: one number, or [height, width]"),
  stride: size.optional().describe("Stride; 1 by default"),
  padding: padding.optional().describe("Padding on every side; 0 by default"),
  dilation: size.optional().describe("Distance of kernel taps; 1 by default"),
  groups: z.int().min(1).optional().describe("Groups of channels; 1 by default"),
  bias: z.boolean().optional().describe("Whether to add a bias; true by default"),
  paddingMode: z.enum(["zeros", "reflect", "replicate", "circular"]).optional().describe(
    "What the padding holds; zeros by default",
  ),
};
const overParameterizedShape = {
  ...convolutionShape,
  depthMultiplier: z.int().min(1).optional().describe(
    "D_mul, at least the kernel's area; the kernel's area by default",
  ),
  pairing: z.enum(["paper", "authors"]).optional().describe(
    "Which D a grouped kernel's row meets: the paper's pairing or the reference implementation's",
  ),
};
const poolShape = {
  kernelSize: size.describe("Window: one number, or [height, width]"),
  stride: size.optional().describe("Stride; the window's size by default"),
  padding: padding.optional().describe("Padding on every side; 0 by default"),
  ceilMode: z.boolean().optional().describe("Round output sizes up; false by default"),
};

const LAYERS = {
  conv2d: z.strictObject(convolutionShape satisfies Shape<LayerOptions["conv2d"]>).describe(
    "2-d convolution",
  ),
  do_conv2d: z.strictObject(overParameterizedShape satisfies Shape<LayerOptions["do_conv2d"]>)
    .describe(
      "Depthwise over-parameterized convolution (DO-Conv)",
    ),
  convolution: z.strictObject(overParameterizedShape satisfies Shape<LayerOptions["convolution"]>)
    .describe(
      "Either of the two, as model.convolution says",
    ),
  batch_norm2d: z.strictObject(
    {
      eps: z.number().positive().optional().describe("Added to the variance; 1e-5 by default"),
      momentum: z.number().min(0).max(1).optional().describe(
        "Share of a batch in the running statistics; 0.1 by default",
      ),
      affine: z.boolean().optional().describe("Whether to scale and shift; true by default"),
    } satisfies Shape<LayerOptions["batch_norm2d"]>,
  ).describe("Batch normalisation"),
  linear: z.strictObject(
    {
      outFeatures: z.int().min(1).describe("Output features"),
      bias: z.boolean().optional().describe("Whether to add a bias; true by default"),
    } satisfies Shape<LayerOptions["linear"]>,
  ).describe("Fully connected layer"),
  max_pool2d: z.strictObject(
    {
      ...poolShape,
      dilation: size.optional().describe("Distance of window taps; 1 by default"),
    } satisfies Shape<LayerOptions["max_pool2d"]>,
  ).describe("Max pooling"),
  avg_pool2d: z.strictObject(
    {
      ...poolShape,
      countIncludePad: z.boolean().optional().describe(
        "Whether padding counts in the average; true by default",
      ),
      divisorOverride: z.number().positive().optional().describe(
        "Divides each sum instead of the number of elements",
      ),
    } satisfies Shape<LayerOptions["avg_pool2d"]>,
  ).describe("Average pooling"),
  global_avg_pool2d: z.strictObject({}).describe("Mean over all positions, one number a channel"),
  relu: z.strictObject({}).describe("max(x, 0)"),
  tanh: z.strictObject({}).describe("Hyperbolic tangent"),
  flatten: z.strictObject({}).describe("All features of a picture in one row"),
  dropout: z.strictObject(
    {
      p: z.number().min(0).lt(1).optional().describe("Share set to zero; 0.5 by default"),
    } satisfies Shape<LayerOptions["dropout"]>,
  ).describe("Dropout, while training"),
} satisfies Record<LayerName, z.ZodType>;

/** Layers that need no options may be written as their name alone. */
const bareName = z.enum([
  "batch_norm2d",
  "global_avg_pool2d",
  "relu",
  "tanh",
  "flatten",
  "dropout",
]);

const withOptions = z.strictObject(LAYERS).partial()
  .refine((entry) => Object.keys(entry).length === 1, {
    error: "an entry holds one layer; start the next one with its own dash",
  })
  .meta({ minProperties: 1, maxProperties: 1 });

/** One entry of `model.layers`: a name, or one name with its options. */
const layerSchema = z.union([bareName, withOptions]);

/** `model.layers`. */
export const layersSchema = z.array(layerSchema).min(1);
