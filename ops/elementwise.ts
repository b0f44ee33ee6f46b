/**
 * Elementwise ops: each output element depends only on the matching input elements. Such an op is
 * one scalar expression; shape rule and reference meaning follow from it, backends generate its
 * kernel from it, and chains of them fuse into one kernel.
 */
import { InputError } from "../errors.ts";
import type { AttributeRules } from "../graph/attribute_rules.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import {
  type Arithmetic,
  type Attributes,
  formatShape,
  type GradientContext,
  type GraphNode,
  type HostTensor,
  type InferenceForm,
  type Op,
  sameShape,
  type Sample,
  type Shape,
  sizeOf,
  type TensorType,
  type Value,
} from "../graph/types.ts";
import { requireFloats } from "./checks.ts";
import { onnxArithmetic } from "./onnx_arithmetic.ts";

/** How an operand of an elementwise op is broadcast to the output. */
export type Broadcast =
  /** Same shape: element by element. */
  | "full"
  /** One number per channel: shape [C], or [C, 1, …], with an output [N, C, …]. */
  | "channel"
  /** One number for all elements: shape []. */
  | "scalar";

const ALL_BROADCASTS: readonly Broadcast[] = ["full", "channel", "scalar"];

/** The shape of an operand that is broadcast this way to `output`; undefined if impossible. */
function spreadShape(how: Broadcast, output: Shape): Shape | undefined {
  switch (how) {
    case "full":
      return output;
    case "channel":
      return output.length >= 2 ? [output[1]] : undefined;
    case "scalar":
      return [];
  }
}

/**
 * How an operand of shape `operand` is broadcast to `output`; undefined if none of `among` fits.
 */
export function broadcastOf(
  operand: Shape,
  output: Shape,
  among: readonly Broadcast[] = ALL_BROADCASTS,
): Broadcast | undefined {
  const withoutOnes = sameShape(operand.slice(1), output.slice(2).map(() => 1))
    ? operand.slice(0, 1)
    : operand;
  return among.find((how) => {
    const shape = spreadShape(how, output);
    return shape && sameShape(how === "channel" ? withoutOnes : operand, shape);
  });
}

/** How each input of an elementwise node is broadcast to its outputs. */
export function broadcastsOf({ op, inputs, outputs }: GraphNode): Broadcast[] {
  return inputs.map(({ shape }, i) => {
    const broadcast = broadcastOf(shape, outputs[0].shape);
    if (!broadcast) throw new Error(`${op.name}: input ${i} does not fit the output`);
    return broadcast;
  });
}

/** The definition of an op, for {@link elementwiseOp}. */
export interface ElementwiseDefinition<A> {
  /** Unique name, such as `relu`. */
  readonly name: string;
  /** Names of the inputs, in order. */
  readonly inputNames: readonly string[];
  /** Minimum and maximum number of inputs; see {@link Op.inputCount}. Default: one per name. */
  readonly inputCount?: (attributes: A) => readonly [least: number, most: number];
  /** What the attributes must be in a stored program; only an op of inference has it. */
  readonly stored?: AttributeRules<A>;
  /** ONNX's own form. If there is none, or it returns undefined, the expression is written out. */
  onnx?(...node: Parameters<InferenceForm["onnx"]>): string | undefined;
  /**
   * How the operands after the first may be broadcast, in the order of `inputNames`. Default: in
   * any way that fits.
   */
  readonly spreads?: readonly Broadcast[];
  /** Ops for other ways to broadcast, which errors name. Default: none. */
  readonly otherwise?: Partial<Readonly<Record<Broadcast, string>>>;
  /** Number of outputs, all of the same shape. Default 1. */
  readonly outputCount?: (attributes: A) => number;
  /** Computes each output element from the matching elements of the inputs. */
  expression<E>(arithmetic: Arithmetic<E>, inputs: readonly E[], attributes: A): E[];
  /** Inputs to try it on; see {@link Op.samples}. */
  readonly samples: readonly Sample<A>[];
  /** The gradient rule; see {@link Op.gradient}. */
  gradient?(context: GradientContext<A>): (Value | undefined)[];
  /** Its form as a convolution; see {@link Op.linearMap}. */
  readonly linearMap?: Op<A>["linearMap"];
}

/**
 * Makes an op from a scalar expression. The first input has the output's shape; each other input
 * has the same shape, or is one number per channel ([C] or [C, 1, …]), or a scalar ([]). All are
 * f32; the op's shape rule throws InputError for others.
 */
export function elementwiseOp<A = Attributes>(definition: ElementwiseDefinition<A>): Op<A> {
  const { name, inputNames, inputCount, spreads = [], expression, gradient } = definition;
  const { outputCount = () => 1, samples, linearMap, otherwise = {} } = definition;
  return {
    name,
    inputNames,
    inputCount,
    inference: inferenceForm(definition),
    infer(inputs: readonly TensorType[], attributes: A): TensorType[] {
      const { shape } = inputs[0];
      requireFloats(name, inputNames, inputs);
      inputs.slice(1).forEach((operand, i) => {
        const allowed = spreads[i] ? [spreads[i]] : ALL_BROADCASTS;
        if (broadcastOf(operand.shape, shape, allowed) !== undefined) return;
        const how = broadcastOf(operand.shape, shape);
        const other = how && otherwise[how];
        const fitting = allowed.map((how) => spreadShape(how, shape)).filter((fit) =>
          fit !== undefined
        );
        throw new InputError(
          `${name}: ${inputNames[i + 1]} has shape ${formatShape(operand.shape)}, which does not ` +
            `fit ${inputNames[0]} of shape ${formatShape(shape)}; expected ` +
            (fitting.map(formatShape).join(" or ") || `${inputNames[0]} of [N, C, …]`) +
            (other === undefined ? "" : `; ${other} takes it`),
        );
      });
      return Array.from({ length: outputCount(attributes) }, () => ({ shape, dtype: "f32" }));
    },
    gradient,
    evaluate: (inputs, attributes, outputs) =>
      evaluateExpression(inputs, outputs, (values) => expression(float64, values, attributes)),
    multiplyAccumulates: () => 0,
    samples,
    linearMap,
    elementwise: { expression },
  };
}

function inferenceForm<A>(
  { stored, onnx, expression }: ElementwiseDefinition<A>,
): InferenceForm<A> | undefined {
  return stored && {
    attributes: stored,
    onnx: (graph, inputs, node) =>
      onnx?.(graph, inputs, node) ??
        expression(onnxArithmetic(graph), aligned(graph, inputs, node), node.attributes),
  };
}

/** Operands as ONNX broadcasts them: one number per channel of [N, C, H, W] as [C, 1, 1]. */
export function aligned(
  graph: OnnxNodes,
  names: readonly string[],
  { inputs, outputs: [output] }: GraphNode,
): string[] {
  const axes = output.shape.slice(2).map((_, axis) => axis + 1);
  return names.map((name, i) => {
    const { shape } = inputs[i];
    const isPerChannel = broadcastOf(shape, output.shape) === "channel" && shape.length === 1;
    return isPerChannel && axes.length > 0
      ? graph.node("Unsqueeze", [name, graph.integers(axes)])
      : name;
  });
}

/** Runs a scalar expression over every element of the outputs, all of one shape, in float64. */
function evaluateExpression(
  inputs: readonly HostTensor[],
  outputs: readonly TensorType[],
  compute: (values: readonly number[]) => number[],
): Float64Array[] {
  const { shape } = outputs[0];
  const size = sizeOf(shape);
  const spread = inputs.map((input) => broadcastOf(input.shape, shape));
  const plane = sizeOf(shape.slice(2));
  const results = outputs.map(() => new Float64Array(size));
  const values = new Array<number>(inputs.length);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < values.length; k++) {
      const at = spread[k] === "full"
        ? i
        : spread[k] === "scalar"
        ? 0
        : Math.floor(i / plane) % shape[1];
      values[k] = inputs[k].data[at];
    }
    const computed = compute(values);
    for (let k = 0; k < computed.length; k++) results[k][i] = computed[k];
  }
  return results;
}

export const float64: Arithmetic<number> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  squareRoot: Math.sqrt,
  tanh: Math.tanh,
  exp: Math.exp,
  log1p: Math.log1p,
  selectGreater: (a, b, ifGreater, otherwise) => a > b ? ifGreater : otherwise,
};
