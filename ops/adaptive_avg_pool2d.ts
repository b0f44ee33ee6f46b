/** Average pooling to a given size: windows as equal as whole pixels allow. */
import { pairOf } from "../graph/attribute_rules.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand, toValue } from "../graph/trace.ts";
import { type GraphNode, type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { avgPool2d } from "./avg_pool2d.ts";
import {
  requireFloats,
  requireIntegers,
  requirePlannable,
  requireRank,
  requireShape,
} from "./checks.ts";
import { pair } from "./conv2d.ts";
import type { Pair } from "./convolution_geometry.ts";
import { globalAvgPool2d } from "./global_avg_pool2d.ts";

interface AdaptiveAvgPool2dAttributes {
  /** Height and width of the result. */
  readonly outputSize: Pair;
}

/**
 * The rows or columns, from `start` to before `end`, whose mean is number `position` of `outSize`:
 * PyTorch's ⌊i·in/out⌋ to ⌈(i + 1)·in/out⌉. Conversely, the outputs whose windows contain pixel
 * `position` are `adaptiveWindow(outSize, inSize, position)`.
 */
export function adaptiveWindow(
  inSize: number,
  outSize: number,
  position: number,
): { start: number; end: number } {
  return {
    start: Math.floor(position * inSize / outSize),
    end: Math.ceil((position + 1) * inSize / outSize),
  };
}

function pooledShape(op: string, input: Shape, outputSize: Pair): Shape {
  requireRank(op, "input", input, 4, "[batch, channels, height, width]");
  requireIntegers(op, "outputSize", outputSize, 1);
  const [batch, channels, height, width] = input;
  const none = { padding: [0, 0], dilation: [1, 1], kernelSize: [1, 1], stride: [1, 1] } as const;
  requirePlannable(op, channels, [height, width], none);
  requirePlannable(op, channels, outputSize, none);
  return [batch, channels, ...outputSize];
}

/**
 * ONNX has no pooling with uneven windows: two matrices average over the columns, then over the
 * rows.
 */
function onnxAveragePool(
  graph: OnnxNodes,
  [x]: readonly string[],
  { inputs: [input], outputs: [output] }: GraphNode,
): string {
  /** [outSize, inSize] along an axis, transposed if requested. */
  const averages = (axis: 2 | 3, transposed: boolean) => {
    const [inSize, outSize] = [input.shape[axis], output.shape[axis]];
    const matrix = new Float64Array(inSize * outSize);
    for (let position = 0; position < outSize; position++) {
      const { start, end } = adaptiveWindow(inSize, outSize, position);
      for (let pixel = start; pixel < end; pixel++) {
        matrix[transposed ? pixel * outSize + position : position * inSize + pixel] = 1 /
          (end - start);
      }
    }
    const shape = transposed ? [inSize, outSize] : [outSize, inSize];
    return graph.floats(matrix, shape, "averages");
  };
  const narrowed = graph.node("MatMul", [x, averages(3, true)]);
  return graph.node("MatMul", [averages(2, false), narrowed]);
}

export const adaptiveAvgPool2dOp: Op<AdaptiveAvgPool2dAttributes> = {
  name: "adaptiveAvgPool2d",
  inputNames: ["input"],
  inference: { attributes: { outputSize: pairOf(1) }, onnx: onnxAveragePool },
  infer([input], { outputSize }) {
    requireFloats("adaptiveAvgPool2d", ["input"], [input]);
    return [{ shape: pooledShape("adaptiveAvgPool2d", input.shape, outputSize), dtype: "f32" }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [
    dy && apply(adaptiveAvgPool2dGradientOp, [dy], { inputShape: x.shape })[0],
  ],
  evaluate([{ shape, data }], { outputSize }, [type]) {
    const output = new Float64Array(sizeOf(type.shape));
    forEachShare(shape, outputSize, (y, x, share) => output[y] += share * data[x]);
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 2, 5, 3]], attributes: { outputSize: [3, 4] } }],
};

/** The gradient of {@link adaptiveAvgPool2d}: outputGradient [N, C, oH, oW] → [N, C, H, W]. */
export const adaptiveAvgPool2dGradientOp: Op<{ readonly inputShape: Shape }> = {
  name: "adaptiveAvgPool2dGradient",
  inputNames: ["outputGradient"],
  infer(inputs, { inputShape }) {
    const [{ shape }] = inputs;
    const name = "adaptiveAvgPool2dGradient";
    requireFloats(name, ["outputGradient"], inputs);
    requireRank(name, "outputGradient", shape, 4, "[batch, channels, height, width]");
    const expected = pooledShape(name, inputShape, [shape[2], shape[3]]);
    requireShape(name, "outputGradient", shape, expected);
    return [{ shape: inputShape, dtype: "f32" }];
  },
  evaluate([{ shape, data }], { inputShape }) {
    const dx = new Float64Array(sizeOf(inputShape));
    forEachShare(inputShape, [shape[2], shape[3]], (y, x, share) => dx[x] += share * data[y]);
    return [dx];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 2, 3, 4]], attributes: { inputShape: [2, 2, 5, 3] } }],
};

/** Visits every element of every window: output and input offset, and the element's weight. */
function forEachShare(
  [batch, channels, height, width]: Shape,
  [outHeight, outWidth]: Pair,
  visit: (output: number, input: number, share: number) => void,
): void {
  let output = 0;
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const rows = adaptiveWindow(height, outHeight, y);
      for (let x = 0; x < outWidth; x++) {
        const columns = adaptiveWindow(width, outWidth, x);
        const share = 1 / ((rows.end - rows.start) * (columns.end - columns.start));
        for (let row = rows.start; row < rows.end; row++) {
          for (let column = columns.start; column < columns.end; column++) {
            visit(output, (plane * height + row) * width + column, share);
          }
        }
        output++;
      }
    }
  }
}

/**
 * The means of windows of `input` [N, C, H, W] that make it [N, C, oH, oW], `outputSize` being both
 * or [oH, oW]. Windows overlap where the size does not divide, and repeat pixels where it is larger.
 * Where it divides, this is an ordinary average pooling. Matches
 * `torch.nn.functional.adaptive_avg_pool2d`. Throws InputError where shapes do not fit.
 */
export function adaptiveAvgPool2d(input: Operand, outputSize: number | Pair): Value {
  const size = pair(outputSize);
  pooledShape("adaptiveAvgPool2d", input.shape, size);
  const [height, width] = input.shape.slice(2);
  if (height === size[0] && width === size[1]) return toValue(input);
  if (size[0] === 1 && size[1] === 1) return globalAvgPool2d(input);
  if (height % size[0] === 0 && width % size[1] === 0) {
    return avgPool2d(input, { kernelSize: [height / size[0], width / size[1]] });
  }
  return apply(adaptiveAvgPool2dOp, [input], { outputSize: size })[0];
}
