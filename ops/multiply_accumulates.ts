/** The work of a node, as the field counts it. */
import { type GraphNode, sizeOf } from "../graph/types.ts";

/**
 * Multiply-accumulate operations of a node; 0 for ops that only move or scale elements. A
 * floating-point operation count is twice that.
 */
export function multiplyAccumulates({ op, inputs, outputs }: GraphNode): number {
  const size = sizeOf(outputs[0].shape);
  switch (op.name) {
    case "conv2d":
      return size * perOutputChannel(inputs[1].shape);
    case "conv2dInputGradient":
      return sizeOf(inputs[0].shape) * perOutputChannel(inputs[1].shape);
    case "conv2dWeightGradient":
      return sizeOf(inputs[1].shape) * perOutputChannel(outputs[0].shape);
    case "linear":
      return size * inputs[1].shape[1];
    case "matmul":
      // For [m, k] · [k, n] the operands hold m·k and k·n elements, the product m·n.
      return Math.sqrt(size * sizeOf(inputs[0].shape) * sizeOf(inputs[1].shape));
    case "composeKernel":
      return size * inputs[0].shape[2];
    case "composeKernelWGradient":
    case "composeKernelDGradient":
      return sizeOf(inputs[0].shape) *
        (op.name === "composeKernelWGradient" ? outputs[0].shape[2] : inputs[1].shape[2]);
    default:
      return 0;
  }
}

/** Elements of a kernel [O, I/groups, kH, kW] that make one output element. */
function perOutputChannel(weight: readonly number[]): number {
  return sizeOf(weight.slice(1));
}
