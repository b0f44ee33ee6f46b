/**
 * The vocabulary of the tensor program: types, values, nodes and operators.
 *
 * A program is a list of nodes in static single assignment form. A {@link Value} is one result of
 * one {@link GraphNode}; a node applies an {@link Op} to values. Shapes are fixed when a program is
 * traced and follow PyTorch: activations [N, C, H, W], kernels [O, I, kH, kW].
 */

import type { AttributeRules } from "./attribute_rules.ts";
import type { LinearMap } from "./linear_map.ts";
import type { OnnxNodes } from "./onnx_nodes.ts";

/** Element type. Parameters and activations are f32, labels i32, pixels u8. */
export type DType = "f32" | "i32" | "u8";

/** Extents of a tensor, outermost first; a scalar has shape `[]`. */
export type Shape = readonly number[];

/** Shape and element type of a tensor. */
export interface TensorType {
  /** Extents, outermost first. */
  readonly shape: Shape;
  /** Type of every element. */
  readonly dtype: DType;
}

/** Number of elements in a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** A shape as text, such as `[2, 3, 32, 32]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** A tensor on the host in float64, row-major: what reference evaluation computes with. */
export interface HostTensor {
  /** Extents, outermost first. */
  readonly shape: Shape;
  /** The elements of the shape. */
  readonly data: Float64Array;
}

/** One result of a node. */
export interface Value extends TensorType {
  /** The node that computes it. */
  readonly node: GraphNode;
  /** Which of the node's outputs this is. */
  readonly index: number;
}

/** An operator applied to values. */
export interface GraphNode {
  /** The op that is applied. */
  readonly op: Op;
  /** In the order of `op.inputNames`; optional ones at the end may be missing. */
  readonly inputs: readonly Value[];
  /** The op's options with all defaults filled in. */
  readonly attributes: Attributes;
  /** Results, of the types `op.infer` gave. */
  readonly outputs: readonly Value[];
  /** Path of the module that traced the node, such as `layer1.0.conv1`; empty outside modules. */
  readonly scope: string;
}

/** The static options of a node: plain data, so that a program can be stored as JSON. */
// deno-lint-ignore no-explicit-any -- each op reads its own attribute type
export type Attributes = any;

/** Arguments of a gradient rule. */
export interface GradientContext<A = Attributes> {
  /** The op's inputs. */
  readonly inputs: readonly Value[];
  /** The op's outputs. */
  readonly outputs: readonly Value[];
  /** The options it was applied with. */
  readonly attributes: A;
  /**
   * Gradient of the loss with respect to each output; undefined where the loss does not depend on
   * it.
   */
  readonly outputGradients: readonly (Value | undefined)[];
  /** Whether each input needs a gradient; rules may skip the others. */
  readonly needed: readonly boolean[];
}

/** An operand of a {@link Sample}. */
export interface SampleOperand {
  /** Extents, outermost first. */
  readonly shape: Shape;
  /** Default f32. */
  readonly dtype?: DType;
  /**
   * Range its elements are drawn from, without the upper bound. Default: [-1, 1] of f32, [0, 2] of
   * i32, [0, 256] of u8.
   */
  readonly range?: readonly [least: number, bound: number];
  /** Whether it gets no gradient although it is f32. Default false. */
  readonly constant?: boolean;
}

/** Operands and attributes to try an op with. */
export interface Sample<A = Attributes> {
  /** In the order of its inputs; a shape alone is f32 with the default range. */
  readonly operands: readonly (Shape | SampleOperand)[];
  /** All options that it is applied with. */
  readonly attributes: A;
}

/** An op's form in the files of folded networks. */
export interface InferenceForm<A = Attributes> {
  /**
   * Rules for each attribute in a stored program, which is untrusted: a file with another op,
   * attribute or value is refused.
   */
  readonly attributes: AttributeRules<A>;
  /**
   * Writes a node in ONNX, given the names of its inputs, and returns the names of those outputs
   * that ONNX has; a single one as a plain string.
   */
  onnx(graph: OnnxNodes, inputs: readonly string[], node: GraphNode): string | string[];
}

/**
 * An operator: everything a program, the autodiff and the reference backend must know of it.
 * Backends add a kernel for it under the same name; an elementwise op needs none.
 */
export interface Op<A = Attributes> {
  /** Unique name, such as `conv2d`. */
  readonly name: string;
  /** Names of the inputs, in order, such as `["input", "weight", "bias"]`. */
  readonly inputNames: readonly string[];
  /**
   * Minimum and maximum number of inputs with these attributes. Default: one per name; an op with
   * any number of inputs has one name for all of them.
   */
  readonly inputCount?: (attributes: A) => readonly [least: number, most: number];
  /**
   * Small inputs to try it on, sufficient to check the whole gradient rule by differences. The
   * attributes of the first are the defaults of `overfold kernel`. Empty for leaves and ops made by
   * passes.
   */
  readonly samples: readonly Sample<A>[];
  /** The op's form in files. Only ops that inference needs have it. */
  readonly inference?: InferenceForm<A>;
  /** The shape rule. Throws InputError for inputs that do not fit. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType[];
  /**
   * The gradient rule, built from other ops: the gradient with respect to each input, undefined
   * where it is zero or not needed. An op without a rule cannot be differentiated.
   */
  gradient?(context: GradientContext<A>): (Value | undefined)[];
  /** The reference implementation in float64. `outputs` are the types that `infer` gave. */
  evaluate(
    inputs: readonly HostTensor[],
    attributes: A,
    outputs: readonly TensorType[],
  ): Float64Array[];
  /**
   * Multiply-accumulate operations of a node; a floating-point operation count is twice that. 0 for
   * an op that only moves or scales elements.
   */
  multiplyAccumulates(
    inputs: readonly TensorType[],
    outputs: readonly TensorType[],
    attributes: A,
  ): number;
  /**
   * Present if the op is linear in its first input: its effect on an input of type `input` as a
   * convolution, given its other inputs; undefined for attributes with which it is not linear.
   */
  linearMap?(
    input: TensorType,
    others: readonly HostTensor[],
    attributes: A,
  ): LinearMap | undefined;
  /** Present when each output element depends only on the matching input elements. */
  readonly elementwise?: Elementwise<A>;
  /**
   * Present if the op's output is a view of its first input with another shape or offset: row-major
   * memory is shared, nothing is computed. Returns the offset in elements.
   */
  readonly viewOffset?: (attributes: A) => number;
}

/**
 * Scalar arithmetic in which an elementwise op is written. Reference evaluation instantiates it
 * with numbers, backends with their instructions, so the op is written once.
 */
export interface Arithmetic<E> {
  /** A number that is the same for every element. */
  constant(value: number): E;
  /** `a + b`. */
  add(a: E, b: E): E;
  /** `a - b`. */
  subtract(a: E, b: E): E;
  /** `a · b`. */
  multiply(a: E, b: E): E;
  /** `a / b`, ±infinity or NaN where b is 0. */
  divide(a: E, b: E): E;
  /** NaN if either operand is NaN. */
  maximum(a: E, b: E): E;
  /** NaN if either operand is NaN. */
  minimum(a: E, b: E): E;
  /** `√a`; NaN below 0. */
  squareRoot(a: E): E;
  /** The hyperbolic tangent. */
  tanh(a: E): E;
  /** `eᵃ`. */
  exp(a: E): E;
  /** `ln(1 + a)`, exact for small `a` too; `a` is above -1. */
  log1p(a: E): E;
  /** `a > b ? ifGreater : otherwise`; a NaN operand selects `otherwise`. */
  selectGreater(a: E, b: E, ifGreater: E, otherwise: E): E;
}

/** An elementwise op's scalar expression. */
export interface Elementwise<A = Attributes> {
  /** Expressions of the outputs, given one expression per input. */
  expression<E>(arithmetic: Arithmetic<E>, inputs: readonly E[], attributes: A): E[];
}

/**
 * A tensor that persists between runs of the program: parameters, statistics, optimizer slots. f32.
 */
export interface Variable {
  /** Name for the backend's `read` and `write`, such as `parameters`. */
  readonly name: string;
  /** Number of f32 elements. */
  readonly size: number;
}

/** After a run, elements from `offset` of the variable take the value; all reads see the old ones. */
export interface Update {
  /** Name of the variable that changes. */
  readonly variable: string;
  /** First element of the variable that is replaced. */
  readonly offset: number;
  /** Its elements, row-major, are written there. */
  readonly value: Value;
}

/** A traced program. It can run any number of times; variables persist between runs. */
export interface Program {
  /** Name that `Executable.run` takes. */
  readonly name: string;
  /** In an order in which every value is computed before it is used. */
  readonly nodes: readonly GraphNode[];
  /** Results returned from a run, by name. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Values assigned to variables when a run ends. */
  readonly updates: readonly Update[];
  /** Variables that the program may read and update. */
  readonly variables: readonly Variable[];
}
