/** Average pooling. */
import { InputError } from "../errors.ts";
import { finite, flag, optional } from "../graph/attribute_rules.ts";
import { channelwise } from "../graph/linear_map.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type GraphNode, type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireShape } from "./checks.ts";
import {
  forEachWindow,
  onnxPads,
  pooledShape,
  POOLING_SAMPLE,
  type PoolingAttributes,
  poolingAttributes,
  poolingGeometry,
  type PoolingOptions,
  type PoolingWindow,
  poolingWindow,
  storedPooling,
} from "./pooling_geometry.ts";

/** Options of {@link avgPool2d}; PyTorch's names and defaults. */
export interface AvgPool2dOptions extends PoolingOptions {
  /** Whether zeros of the padding count as elements of the mean. Default true. */
  readonly countIncludePad?: boolean;
  /** Divides each sum instead of the number of elements; above 0. Default: none. */
  readonly divisorOverride?: number;
}

/** Attributes of {@link avgPool2dOp}; dilation is always 1. */
export interface AvgPool2dAttributes extends PoolingAttributes {
  readonly countIncludePad: boolean;
  readonly divisorOverride?: number;
}

/** By how much the sum of a window is divided. */
export function averageDivisor(
  rows: PoolingWindow,
  columns: PoolingWindow,
  { countIncludePad, divisorOverride }: Pick<
    AvgPool2dAttributes,
    "countIncludePad" | "divisorOverride"
  >,
): number {
  if (divisorOverride !== undefined) return divisorOverride;
  return countIncludePad
    ? rows.paddedLength * columns.paddedLength
    : (rows.end - rows.start) * (columns.end - columns.start);
}

/**
 * ONNX averages over the whole window. Where PyTorch divides by another number, the result is
 * multiplied by a constant image of the ratios.
 */
function onnxAveragePool(
  graph: OnnxNodes,
  inputs: readonly string[],
  { inputs: [{ shape }], attributes }: GraphNode,
): string {
  const geometry = poolingGeometry("avgPool2d", shape, attributes);
  const { kernelSize, stride, outSize } = geometry;
  const mean = graph.node("AveragePool", inputs, {
    kernel_shape: kernelSize,
    strides: stride,
    pads: onnxPads(geometry),
    count_include_pad: 1,
  });
  const area = kernelSize[0] * kernelSize[1];
  const ratios = Float64Array.from({ length: outSize[0] * outSize[1] }, (_, i) => {
    const rows = poolingWindow(geometry, 0, Math.floor(i / outSize[1]));
    const columns = poolingWindow(geometry, 1, i % outSize[1]);
    return area / averageDivisor(rows, columns, attributes);
  });
  if (ratios.every((ratio) => ratio === 1)) return mean;
  return graph.node("Mul", [mean, graph.floats(ratios, outSize, "ratios")]);
}

/** A pooling whose last windows reach over the edge. */
const PADDED: PoolingAttributes = {
  kernelSize: [3, 3],
  stride: [2, 2],
  padding: [1, 1],
  dilation: [1, 1],
  ceilMode: true,
};

export const avgPool2dOp: Op<AvgPool2dAttributes> = {
  name: "avgPool2d",
  inputNames: ["input"],
  inference: {
    attributes: {
      ...storedPooling(1),
      countIncludePad: flag,
      divisorOverride: optional(finite()),
    },
    onnx: onnxAveragePool,
  },
  infer([input], attributes) {
    requireFloats("avgPool2d", ["input"], [input]);
    const { divisorOverride = 1 } = attributes;
    if (!(divisorOverride > 0)) {
      throw new InputError(`avgPool2d: divisorOverride is ${divisorOverride}; expected above 0`);
    }
    const shape = pooledShape(poolingGeometry("avgPool2d", input.shape, attributes));
    return [{ shape, dtype: "f32" }];
  },
  gradient: ({ inputs: [x], attributes, outputGradients: [dy] }) => [
    dy && apply(avgPool2dGradientOp, [dy], { ...attributes, inputShape: x.shape })[0],
  ],
  evaluate([{ shape, data }], attributes, [type]) {
    const output = new Float64Array(sizeOf(type.shape));
    forEachShare(shape, attributes, (y, x, share) => output[y] += share * data[x]);
    return [output];
  },
  linearMap({ shape: [, channels] }, _others, attributes) {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = attributes;
    const isEven = divisorOverride !== undefined || countIncludePad ||
      padding.every((rows) => rows === 0);
    if (ceilMode || !isEven) return undefined;
    const [height, width] = kernelSize;
    const share = 1 / (divisorOverride ?? height * width);
    return {
      ...channelwise(channels),
      kernelSize,
      stride,
      padding,
      weight: () => new Float64Array(channels * height * width).fill(share),
    };
  },
  multiplyAccumulates: () => 0,
  samples: [
    { operands: [[1, 2, 5, 5]], attributes: { ...POOLING_SAMPLE, countIncludePad: true } },
    { operands: [[1, 2, 6, 5]], attributes: { ...PADDED, countIncludePad: true } },
    { operands: [[1, 2, 6, 5]], attributes: { ...PADDED, countIncludePad: false } },
    {
      operands: [[1, 2, 6, 5]],
      attributes: { ...PADDED, countIncludePad: true, divisorOverride: 5 },
    },
  ],
};

/** The gradient of {@link avgPool2d}: outputGradient [N, C, oH, oW] → [N, C, H, W]. */
export const avgPool2dGradientOp: Op<AvgPool2dAttributes & { readonly inputShape: Shape }> = {
  name: "avgPool2dGradient",
  inputNames: ["outputGradient"],
  infer(inputs, attributes) {
    const { inputShape } = attributes;
    requireFloats("avgPool2dGradient", ["outputGradient"], inputs);
    const shape = pooledShape(poolingGeometry("avgPool2dGradient", inputShape, attributes));
    requireShape("avgPool2dGradient", "outputGradient", inputs[0].shape, shape);
    return [{ shape: inputShape, dtype: "f32" }];
  },
  evaluate([dy], attributes) {
    const dx = new Float64Array(sizeOf(attributes.inputShape));
    forEachShare(attributes.inputShape, attributes, (y, x, share) => dx[x] += share * dy.data[y]);
    return [dx];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[1, 2, 2, 2]],
    attributes: { ...POOLING_SAMPLE, countIncludePad: true, inputShape: [1, 2, 5, 5] },
  }],
};

/** Visits every element of every window: output and input offset, and the element's weight. */
function forEachShare(
  inputShape: Shape,
  attributes: AvgPool2dAttributes,
  visit: (output: number, input: number, share: number) => void,
): void {
  const geometry = poolingGeometry("avgPool2d", inputShape, attributes);
  forEachWindow(geometry, (y, plane, rows, columns) => {
    const share = 1 / averageDivisor(rows, columns, attributes);
    for (let row = rows.start; row < rows.end; row++) {
      for (let column = columns.start; column < columns.end; column++) {
        visit(y, plane + row * geometry.inSize[1] + column, share);
      }
    }
  });
}

/**
 * The mean of each window of `input` [N, C, H, W]: [N, C, oH, oW]. Matches
 * `torch.nn.functional.avg_pool2d`. Throws InputError where shapes or options do not fit.
 */
export function avgPool2d(input: Operand, options: AvgPool2dOptions): Value {
  return apply(avgPool2dOp, [input], {
    ...poolingAttributes(options),
    countIncludePad: options.countIncludePad ?? true,
    ...(options.divisorOverride === undefined ? {} : { divisorOverride: options.divisorOverride }),
  })[0];
}
