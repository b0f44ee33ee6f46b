/**
 * Normalization of an image by its own statistics: those of each pixel's channels (layer norm, as
 * ConvNeXt's) or of groups of channels (group norm, arXiv:1803.08494). The elements that share one
 * mean and variance are a _row_.
 */
import { InputError } from "../errors.ts";
import { finite, whole } from "../graph/attribute_rules.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import {
  formatShape,
  type InferenceForm,
  type Op,
  type Shape,
  sizeOf,
  type Value,
} from "../graph/types.ts";
import { channelAffine } from "./channel_affine.ts";
import { requireFloats, requireRank, requireShape } from "./checks.ts";

interface PixelNormalizeAttributes {
  /** Added to the variance. */
  readonly eps: number;
}

export interface GroupNormalizeAttributes extends PixelNormalizeAttributes {
  readonly groups: number;
}

/** Options of {@link layerNorm2d} and {@link groupNorm}. */
export interface RowNormalizeOptions {
  /** Scale and shift per channel, [C] each. Default: none. */
  readonly affine?: { readonly weight: Operand; readonly bias: Operand };
  /** Added to the variance. */
  readonly eps?: number;
}

/** The number of rows of a tensor, and the row of element `i`. */
interface Rows {
  readonly count: number;
  rowOf(i: number): number;
}

function pixelRows([batch, channels, height, width]: Shape): Rows {
  const plane = height * width;
  return {
    count: batch * plane,
    rowOf: (i) => Math.floor(i / (channels * plane)) * plane + i % plane,
  };
}

function groupRows(shape: Shape, { groups }: GroupNormalizeAttributes): Rows {
  const count = shape[0] * groups;
  const length = sizeOf(shape) / count;
  return { count, rowOf: (i) => Math.floor(i / length) };
}

const SAMPLE_SHAPE = [2, 6, 2, 3];

/** A normalization and its gradient, over the rows of `rowsOf`. */
function normalization<A extends PixelNormalizeAttributes>(
  name: string,
  inference: InferenceForm<A>,
  sample: A,
  rowsOf: (shape: Shape, attributes: A) => Rows,
  check: (shape: Shape, attributes: A) => void,
): { op: Op<A>; gradientOp: Op<A> } {
  const checked = (op: string, shape: Shape, attributes: A) => {
    requireRank(op, "input", shape, 4, "[batch, channels, height, width]");
    check(shape, attributes);
  };
  const op: Op<A> = {
    name,
    inputNames: ["input"],
    inference,
    infer([input], attributes) {
      requireFloats(name, ["input"], [input]);
      checked(name, input.shape, attributes);
      return [{ shape: input.shape, dtype: "f32" }];
    },
    gradient: ({ inputs: [x], attributes, outputGradients: [dy] }) => [
      dy && apply(gradientOp, [dy, x], attributes)[0],
    ],
    evaluate: ([{ shape, data }], attributes) => [
      standardized(data, rowsOf(shape, attributes), attributes.eps).normal,
    ],
    multiplyAccumulates: () => 0,
    samples: [{ operands: [SAMPLE_SHAPE], attributes: sample }],
  };
  const gradientOp: Op<A> = {
    name: `${name}Gradient`,
    inputNames: ["outputGradient", "input"],
    infer(inputs, attributes) {
      const [dy, x] = inputs;
      requireFloats(gradientOp.name, gradientOp.inputNames, inputs);
      checked(gradientOp.name, x.shape, attributes);
      requireShape(gradientOp.name, "outputGradient", dy.shape, x.shape);
      return [{ shape: x.shape, dtype: "f32" }];
    },
    evaluate([dy, x], attributes) {
      const rows = rowsOf(x.shape, attributes);
      const { normal, stretch } = standardized(x.data, rows, attributes.eps);
      const mean = rowMeans(dy.data, rows);
      const slope = rowMeans(dy.data.map((value, i) => value * normal[i]), rows);
      return [
        dy.data.map((value, i) => {
          const row = rows.rowOf(i);
          return stretch[row] * (value - mean[row] - slope[row] * normal[i]);
        }),
      ];
    },
    multiplyAccumulates: () => 0,
    samples: [{ operands: [SAMPLE_SHAPE, SAMPLE_SHAPE], attributes: sample }],
  };
  return { op, gradientOp };
}

/**
 * Data minus its row's mean, divided by its row's deviation; `stretch` is one over that, per row.
 */
function standardized(data: Float64Array, rows: Rows, eps: number) {
  const mean = rowMeans(data, rows);
  const centred = data.map((value, i) => value - mean[rows.rowOf(i)]);
  const variance = rowMeans(centred.map((value) => value * value), rows);
  const stretch = variance.map((value) => 1 / Math.sqrt(value + eps));
  return { normal: centred.map((value, i) => value * stretch[rows.rowOf(i)]), stretch };
}

function rowMeans(data: Float64Array, { count, rowOf }: Rows): Float64Array {
  const means = new Float64Array(count);
  data.forEach((value, i) => means[rowOf(i)] += value * count / data.length);
  return means;
}

function filled(graph: OnnxNodes, length: number, value: number): string {
  return graph.floats(new Float32Array(length).fill(value), [length], "constant");
}

/** `LayerNormalization` is over the last axes: the channels are moved there and back. */
const onnxPixels: InferenceForm["onnx"] = (graph, [x], { attributes: { eps }, inputs }) => {
  const move = (x: string, perm: number[]) => graph.node("Transpose", [x], { perm });
  const ones = filled(graph, inputs[0].shape[1], 1);
  const normal = graph.node("LayerNormalization", [move(x, [0, 2, 3, 1]), ones], {
    axis: -1,
    epsilon: { float: eps },
  });
  return move(normal, [0, 3, 1, 2]);
};

/** Each group as one channel of a row, as PyTorch exports it. */
const onnxGroups: InferenceForm["onnx"] = (graph, [x], { attributes: { eps, groups }, inputs }) => {
  const reshape = (x: string, shape: readonly number[]) =>
    graph.node("Reshape", [x, graph.integers(shape)]);
  const [one, zero] = [1, 0].map((value) => filled(graph, groups, value));
  const normal = graph.node("InstanceNormalization", [reshape(x, [0, groups, -1]), one, zero], {
    epsilon: { float: eps },
  });
  return reshape(normal, [0, ...inputs[0].shape.slice(1)]);
};

/** The ops of {@link layerNorm2d} without scale and shift. */
export const { op: pixelNormalizeOp, gradientOp: pixelNormalizeGradientOp } = normalization<
  PixelNormalizeAttributes
>(
  "pixelNormalize",
  { attributes: { eps: finite(0) }, onnx: onnxPixels },
  { eps: 1e-6 },
  pixelRows,
  () => {},
);

/** The ops of {@link groupNorm} without scale and shift. */
export const { op: groupNormalizeOp, gradientOp: groupNormalizeGradientOp } = normalization<
  GroupNormalizeAttributes
>(
  "groupNormalize",
  { attributes: { eps: finite(0), groups: whole(1) }, onnx: onnxGroups },
  { eps: 1e-5, groups: 3 },
  groupRows,
  (shape, { groups }) => {
    if (Number.isInteger(groups) && groups >= 1 && shape[1] % groups === 0) return;
    throw new InputError(
      `groupNormalize: ${formatShape(shape)} does not divide into ${groups} groups of channels`,
    );
  },
);

function shifted(normal: Value, { affine }: RowNormalizeOptions): Value {
  return affine ? channelAffine(normal, affine.weight, affine.bias) : normal;
}

/**
 * Each pixel of `input` [N, C, H, W] minus the mean of its channels, divided by their deviation,
 * scaled and shifted per channel; `eps` is 1e-6 by default. The variance is the biased one. Matches
 * torchvision's `LayerNorm2d`. Throws InputError where shapes do not fit.
 */
export function layerNorm2d(input: Operand, options: RowNormalizeOptions = {}): Value {
  const { eps = 1e-6 } = options;
  return shifted(apply(pixelNormalizeOp, [input], { eps })[0], options);
}

/**
 * `input` [N, C, H, W] minus the mean of its group of channels in its image, divided by their
 * deviation, scaled and shifted per channel; `eps` is 1e-5 by default. The variance is the biased
 * one. Matches `torch.nn.functional.group_norm`. Throws InputError where shapes do not fit, or the
 * groups do not divide C.
 */
export function groupNorm(
  input: Operand,
  groups: number,
  options: RowNormalizeOptions = {},
): Value {
  const { eps = 1e-5 } = options;
  return shifted(apply(groupNormalizeOp, [input], { eps, groups })[0], options);
}
