/**
 * Batch-norm folding: a convolution followed by a normalisation with fixed statistics is one
 * convolution with a bias, since both are linear in each output channel:
 * `weight' = f · weight`, `bias' = (bias − mean) · f + shift` with `f = scale / √(variance + eps)`.
 */
import { channelNormalizeOp } from "./channel_normalize.ts";
import { conv2dOp } from "./conv2d.ts";
import { linearOp } from "./linear.ts";
import { ComputedConstant, type ConstantAttributes, constantOp } from "../graph/leaves.ts";
import { countUses, rewriteProgram, withInputs } from "../graph/rewrite.ts";
import { makeNode } from "../graph/trace.ts";
import type { GraphNode, Program, Shape, Value } from "../graph/types.ts";
import { eliminateDeadCode } from "../graph/passes/dead_code.ts";
import { qualifiedName } from "../graph/passes/fold_constants.ts";

/**
 * The program with every normalisation by constants taken into the convolution or fully connected
 * layer before it, in float64, where that one's kernel is constant and nothing else reads its
 * output. Run it after constant folding. Kernels keep their names; a bias that is new is named as
 * that of the layer would be, `layer1.0.conv1.bias`.
 */
export function foldBatchNorm(program: Program): Program {
  const uses = countUses(program);
  const folded = rewriteProgram(program, (node, rewriter) => {
    if (node.op !== channelNormalizeOp || uses.get(node.inputs[0]) !== 1) return undefined;
    const [input, ...statistics] = node.inputs.map(rewriter.replacement);
    const layer = input.node;
    if (layer.op !== conv2dOp && layer.op !== linearOp) return undefined;
    const [, ...parameters] = layer.inputs;
    if (![...statistics, ...parameters].every(isConstant)) return undefined;
    const constants = absorb(layer, node, statistics);
    constants.forEach(({ node: leaf }) => rewriter.emit(leaf));
    return rewriter.emit(withInputs(layer, [layer.inputs[0], ...constants]));
  });
  return eliminateDeadCode(folded);
}

/** The weight and bias with which `layer` also does what `normalize` does to its output. */
function absorb(layer: GraphNode, normalize: GraphNode, statistics: readonly Value[]): Value[] {
  const [, weight, bias] = layer.inputs;
  const [mean, variance, scale, shift] = statistics;
  const [channels] = mean.shape;
  const { eps } = normalize.attributes;
  const factors = () => {
    const scales = scale && dataOf(scale);
    return Float64Array.from(dataOf(variance), (v, o) => (scales?.[o] ?? 1) / Math.sqrt(v + eps));
  };
  return [
    leaf(layer, 1, weight.shape, () => {
      const scaled = new Float64Array(dataOf(weight));
      const row = scaled.length / channels;
      factors().forEach((f, o) => {
        for (let i = o * row; i < (o + 1) * row; i++) scaled[i] *= f;
      });
      return scaled;
    }),
    leaf(layer, 2, [channels], () => {
      const [means, offsets, shifts] = [mean, bias, shift].map((value) => value && dataOf(value));
      return factors().map((f, o) => ((offsets?.[o] ?? 0) - means![o]) * f + (shifts?.[o] ?? 0));
    }),
  ];
}

/** A constant in place of input `index` of `layer`, under the name that one has or would have. */
function leaf(layer: GraphNode, index: number, shape: Shape, data: () => Float64Array): Value {
  const present: ConstantAttributes | undefined = layer.inputs[index]?.node.attributes;
  const name = present?.name ?? qualifiedName(layer, index);
  const constant = new ComputedConstant(shape, data, name);
  return makeNode(constantOp, [], constant, [{ shape, dtype: "f32" }], layer.scope).outputs[0];
}

function isConstant(value: Value): boolean {
  return value.node.op === constantOp;
}

function dataOf(value: Value): Float32Array | Float64Array {
  return (value.node.attributes as ConstantAttributes).data;
}
