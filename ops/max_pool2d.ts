/** Maximum pooling. */
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type GraphNode, type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireShape } from "./checks.ts";
import { pair } from "./conv2d.ts";
import type { Pair } from "./convolution_geometry.ts";
import {
  forEachWindow,
  onnxPads,
  pooledShape,
  POOLING_SAMPLE,
  type PoolingAttributes,
  poolingAttributes,
  poolingGeometry,
  type PoolingOptions,
  storedPooling,
} from "./pooling_geometry.ts";

/** Options of {@link maxPool2d}; PyTorch's names and defaults. */
export interface MaxPool2dOptions extends PoolingOptions {
  /** Default 1. */
  readonly dilation?: number | Pair;
}

function onnxMaxPool(
  graph: OnnxNodes,
  [x]: readonly string[],
  { inputs: [{ shape }], attributes }: GraphNode,
): string {
  const geometry = poolingGeometry("maxPool2d", shape, attributes);
  const { kernelSize, stride, dilation } = geometry;
  const pads = onnxPads(geometry);
  // A pooling may not pad by its whole window, which a last dilated window can need.
  const isLarge = pads.some((amount, i) => amount >= kernelSize[i % 2]);
  return graph.node("MaxPool", [isLarge ? padWithLowest(graph, x, pads) : x], {
    kernel_shape: kernelSize,
    strides: stride,
    dilations: dilation,
    pads: isLarge ? [0, 0, 0, 0] : pads,
  });
}

function padWithLowest(
  graph: OnnxNodes,
  x: string,
  [top, left, bottom, right]: readonly number[],
): string {
  const amounts = graph.integers([0, 0, top, left, 0, 0, bottom, right]);
  const lowest = graph.floats(Float32Array.of(-Infinity), [], "lowest");
  return graph.node("Pad", [x, amounts, lowest], { mode: "constant" });
}

/** The op of {@link maxPool2d}: input → output, indices. */
export const maxPool2dOp: Op<PoolingAttributes> = {
  name: "maxPool2d",
  inputNames: ["input"],
  inference: { attributes: storedPooling(), onnx: onnxMaxPool },
  infer([input], attributes) {
    requireFloats("maxPool2d", ["input"], [input]);
    const shape = pooledShape(poolingGeometry("maxPool2d", input.shape, attributes));
    return [{ shape, dtype: "f32" }, { shape, dtype: "i32" }];
  },
  gradient: ({ inputs: [x], outputs: [, indices], attributes, outputGradients: [dy] }) => [
    dy && apply(maxPool2dGradientOp, [dy, indices], { ...attributes, inputShape: x.shape })[0],
  ],
  evaluate([{ shape, data }], attributes, [type]) {
    const geometry = poolingGeometry("maxPool2d", shape, attributes);
    const [rowStep, columnStep] = geometry.dilation;
    const width = geometry.inSize[1];
    const output = new Float64Array(sizeOf(type.shape)).fill(-Infinity);
    const indices = new Float64Array(output.length);
    forEachWindow(geometry, (y, plane, rows, columns) => {
      indices[y] = rows.start * width + columns.start;
      for (let row = rows.start; row < rows.end; row += rowStep) {
        for (let column = columns.start; column < columns.end; column += columnStep) {
          const value = data[plane + row * width + column];
          if (value > output[y] || Number.isNaN(value)) {
            output[y] = value;
            indices[y] = row * width + column;
          }
        }
      }
    });
    return [output, indices];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[1, 2, 5, 5]], attributes: POOLING_SAMPLE }, {
    operands: [[2, 2, 6, 7]],
    attributes: {
      kernelSize: [3, 3],
      stride: [2, 1],
      padding: [1, 1],
      dilation: [1, 2],
      ceilMode: true,
    },
  }],
};

/**
 * The gradient of {@link maxPool2d}: (outputGradient, indices) → [N, C, H, W], where each output's
 * gradient is added to the element it was taken from.
 */
export const maxPool2dGradientOp: Op<PoolingAttributes & { readonly inputShape: Shape }> = {
  name: "maxPool2dGradient",
  inputNames: ["outputGradient", "indices"],
  infer([dy, indices], attributes) {
    const { inputShape } = attributes;
    requireFloats("maxPool2dGradient", ["outputGradient"], [dy]);
    requireDType("maxPool2dGradient", "indices", indices, "i32");
    const shape = pooledShape(poolingGeometry("maxPool2dGradient", inputShape, attributes));
    requireShape("maxPool2dGradient", "outputGradient", dy.shape, shape);
    requireShape("maxPool2dGradient", "indices", indices.shape, shape);
    return [{ shape: inputShape, dtype: "f32" }];
  },
  evaluate([dy, indices], { inputShape }) {
    const dx = new Float64Array(sizeOf(inputShape));
    const inPlane = inputShape[2] * inputShape[3];
    const outPlane = sizeOf(dy.shape.slice(2));
    dy.data.forEach((value, i) => {
      dx[Math.floor(i / outPlane) * inPlane + indices.data[i]] += value;
    });
    return [dx];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[2, 3, 1, 1], { shape: [2, 3, 1, 1], dtype: "i32", range: [0, 4] }],
    attributes: { ...POOLING_SAMPLE, inputShape: [2, 3, 2, 2] },
  }],
};

/**
 * The largest element of each window of `input` [N, C, H, W], and its place: `output` [N, C, oH,
 * oW] f32 and `indices`, of the same shape, i32, the row-major place in the H·W plane. On a tie the
 * first in row-major order wins; a NaN in the window is its maximum. Matches
 * `torch.nn.functional.max_pool2d(..., return_indices=True)`. Throws InputError where shapes or
 * options do not fit.
 */
export function maxPool2d(
  input: Operand,
  options: MaxPool2dOptions,
): { output: Value; indices: Value } {
  const [output, indices] = apply(maxPool2dOp, [input], {
    ...poolingAttributes(options),
    dilation: pair(options.dilation ?? 1),
  });
  return { output, indices };
}
