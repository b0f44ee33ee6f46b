/** Convolutions in ONNX, whose own padding is always zeros. */
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import type { GraphNode, Shape } from "../graph/types.ts";
import type { ConvolutionAttributes, Pair } from "./convolution_geometry.ts";

/** Writes a node of `conv2d`; see {@link InferenceForm.onnx}. */
export function onnxConvolution(
  graph: OnnxNodes,
  [x, ...parameters]: readonly string[],
  { attributes, inputs: [{ shape }, weight] }: GraphNode,
): string {
  const { stride, padding, dilation, groups, paddingMode }: ConvolutionAttributes = attributes;
  const isZeroPadded = paddingMode === "zeros";
  const padded = isZeroPadded ? x : padImage(graph, x, shape, attributes);
  return graph.node("Conv", [padded, ...parameters], {
    kernel_shape: weight.shape.slice(2),
    strides: stride,
    dilations: dilation,
    group: groups,
    pads: isZeroPadded ? [...padding, ...padding] : [0, 0, 0, 0],
  });
}

/** Pads an image on all sides with other values than zeros. */
function padImage(
  graph: OnnxNodes,
  x: string,
  shape: Shape,
  { padding, paddingMode }: ConvolutionAttributes,
): string {
  if (paddingMode === "circular") return wrapImage(graph, x, shape, padding);
  const mode = paddingMode === "reflect" ? "reflect" : "edge";
  const amounts = [0, 0, ...padding, 0, 0, ...padding];
  return graph.node("Pad", [x, graph.integers(amounts)], { mode });
}

/** `Pad` can wrap around only from opset 19 on; concatenating parts of the image does the same. */
function wrapImage(graph: OnnxNodes, x: string, shape: Shape, padding: Pair): string {
  let wrapped = x;
  for (const axis of [2, 3]) {
    const amount = padding[axis - 2];
    if (amount === 0) continue;
    const part = (start: number, end: number) => {
      const bounds = [start, end, axis].map((bound) => graph.integers([bound]));
      return graph.node("Slice", [wrapped, ...bounds]);
    };
    const size = shape[axis];
    const parts = [part(size - amount, size), wrapped, part(0, amount)];
    wrapped = graph.node("Concat", parts, { axis });
  }
  return wrapped;
}
