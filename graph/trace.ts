/**
 * Tracing: running ordinary TypeScript once to record a tensor program.
 *
 * Op functions (`conv2d(x, weight)`) append nodes to the program that is being traced. Layers read
 * their parameters the same way, so a layer is a plain function of values and parameters. The
 * caller of {@link trace} decides which memory a parameter stands for: a range of a variable while
 * training, a constant when a program is folded.
 */
import { InputError } from "../errors.ts";
import { constantOp, inputOp, variableOp } from "./leaves.ts";
import { makeNode } from "./node.ts";
import type { Parameter } from "./parameter.ts";
import {
  type DType,
  formatShape,
  type GraphNode,
  type Op,
  type Program,
  sameShape,
  type Shape,
  sizeOf,
  type TensorType,
  type Update,
  type Value,
  type Variable,
} from "./types.ts";

/** What an op function accepts as a tensor operand. */
export type Operand = Value | Parameter;

/** A parameter's memory in the program being traced. */
export type Binding =
  | { readonly variable: string; readonly offset: number }
  | { readonly constant: Float32Array | Float64Array };

/** Options of {@link trace}. */
export interface TraceOptions {
  /** Name of the program. */
  readonly name: string;
  /** Whether layers behave as in training (batch statistics, dropout). Default false. */
  readonly training?: boolean;
  /** Variables the program may read and update. Default none. */
  readonly variables?: readonly Variable[];
  /** Parameters and buffers that the training does not change. Default: none. */
  readonly frozen?: ReadonlySet<Parameter>;
  /** The memory of each parameter. Default: every parameter is a constant with its present data. */
  readonly bind?: (parameter: Parameter) => Binding;
}

class Trace {
  readonly nodes: GraphNode[] = [];
  readonly outputs: Record<string, Value> = {};
  readonly updates: Update[] = [];
  readonly scopes: string[] = [];
  readonly bound = new Map<Parameter, Value>();
  readonly inputs = new Map<string, Value>();
  /** Number of calls of {@link uniqueScope} for each scope. */
  readonly scopeUses = new Map<string, number>();
  constructor(readonly options: TraceOptions) {}
}

let current: Trace | undefined;

function active(): Trace {
  if (!current) {
    throw new InputError(
      "an op was called outside a trace; wrap the code that builds the network in trace(options, build)",
    );
  }
  return current;
}

/**
 * Runs `build` once and returns the program it recorded.
 * Traces do not nest: a second one started inside `build` throws InputError.
 *
 * ```ts
 * import { input, multiply, output, relu, trace } from "./mod.ts";
 *
 * const program = trace({ name: "gate" }, () => {
 *   const x = input("x", [2, 3]);
 *   output("y", multiply(x, relu(x)));
 * });
 * console.log(program.nodes.map(({ op }) => op.name)); // ["input", "relu", "multiply"]
 * ```
 */
export function trace(options: TraceOptions, build: () => void): Program {
  if (current) throw new InputError("trace() was called inside another trace()");
  const recording = new Trace(options);
  current = recording;
  try {
    build();
  } finally {
    current = undefined;
  }
  return {
    name: options.name,
    nodes: recording.nodes,
    outputs: recording.outputs,
    updates: recording.updates,
    variables: options.variables ?? [],
  };
}

/**
 * The program followed by everything `build` records, outputs and updates included; `build` may use
 * the program's values. Names of inputs must be new. Traces do not nest, as with {@link trace}.
 */
export function extendProgram(program: Program, build: () => void): Program {
  const { nodes, outputs, updates } = trace({ name: program.name }, build);
  return {
    ...program,
    nodes: [...program.nodes, ...nodes],
    outputs: { ...program.outputs, ...outputs },
    updates: [...program.updates, ...updates],
  };
}

/** Whether the program being traced is for training. Throws InputError outside a trace. */
export function isTraining(): boolean {
  return active().options.training ?? false;
}

/**
 * Whether the program being traced does not change a parameter or buffer. Throws InputError outside
 * a trace.
 */
export function isFrozen(parameter: Parameter): boolean {
  return active().options.frozen?.has(parameter) ?? false;
}

/** The path of the module being traced, such as `layer1.0.conv1`; empty outside modules. */
export function currentScope(): string {
  return active().scopes.filter((name) => name !== "").join(".");
}

/**
 * The path of the module being traced, numbered from the second call in a program: `drop`,
 * `drop#2`. Distinguishes the calls of a module that is called more than once.
 */
export function uniqueScope(): string {
  const { scopeUses } = active();
  const scope = currentScope();
  const use = (scopeUses.get(scope) ?? 0) + 1;
  scopeUses.set(scope, use);
  return use === 1 ? scope : `${scope}#${use}`;
}

/** Runs `build` with `name` appended to the module path that nodes remember. */
export function withScope<T>(name: string, build: () => T): T {
  const { scopes } = active();
  scopes.push(name);
  try {
    return build();
  } finally {
    scopes.pop();
  }
}

/**
 * Applies an op: records a node and returns its outputs. Op functions call this.
 * Throws InputError, prefixed with the module path, when the shape rule refuses the inputs.
 */
export function apply<A>(op: Op<A>, operands: readonly Operand[], attributes: A): Value[] {
  const recording = active();
  const inputs = operands.map(toValue);
  const scope = currentScope();
  let types: TensorType[];
  try {
    checkInputCount(op, inputs, attributes);
    types = op.infer(inputs, attributes);
  } catch (error) {
    if (error instanceof InputError && scope !== "") {
      throw new InputError(`${scope}: ${error.message}`);
    }
    throw error;
  }
  const node = makeNode(op as Op, inputs, attributes, types, scope);
  recording.nodes.push(node);
  return [...node.outputs];
}

function checkInputCount<A>(op: Op<A>, inputs: readonly Value[], attributes: A): void {
  const { name, inputNames, inputCount } = op;
  const [least, most] = inputCount?.(attributes) ?? [inputNames.length, inputNames.length];
  if (inputs.length >= least && inputs.length <= most) return;
  const shapes = inputs.map(({ shape }) => formatShape(shape)).join(", ") || "none";
  throw new InputError(
    `${name} takes ${least === most ? least : `${least} to ${most}`} inputs ` +
      `(${inputNames.join(", ")}); found the shapes ${shapes}`,
  );
}

/** The value of an operand: a parameter becomes a leaf, the same one at every use. */
export function toValue(operand: Operand): Value {
  if ("node" in operand) return operand;
  const recording = active();
  const known = recording.bound.get(operand);
  if (known) return known;
  const binding = recording.options.bind?.(operand) ?? { constant: operand.data };
  const value = "constant" in binding
    ? constant(operand.shape, binding.constant, operand.name)
    : readVariable(binding.variable, binding.offset, operand.shape);
  recording.bound.set(operand, value);
  return value;
}

/**
 * A tensor that is given for every run, by name; the same name gives the same value. Throws
 * InputError if the name was used with another shape or type before.
 */
export function input(name: string, shape: Shape, dtype: DType = "f32"): Value {
  const { inputs } = active();
  const known = inputs.get(name);
  if (known && (known.dtype !== dtype || !sameShape(known.shape, shape))) {
    throw new InputError(
      `the input ${JSON.stringify(name)} is ${known.dtype} ${
        formatShape(known.shape)
      } in one place and ` +
        `${dtype} ${formatShape(shape)} in another; choose another name`,
    );
  }
  const value = known ?? apply(inputOp, [], { name, shape, dtype })[0];
  inputs.set(name, value);
  return value;
}

/** The elements of a variable from `offset` on, as a tensor of the given shape. */
export function readVariable(variable: string, offset: number, shape: Shape): Value {
  return apply(variableOp, [], { variable, offset, shape })[0];
}

/** A tensor known when the program is traced. `name` is the state-dict name it came from, if any. */
export function constant(
  shape: Shape,
  data: Float32Array | Float64Array,
  name?: string,
): Value {
  if (data.length !== sizeOf(shape)) {
    throw new InputError(
      `a constant of shape ${formatShape(shape)} needs ${
        sizeOf(shape)
      } numbers, found ${data.length}`,
    );
  }
  return apply(constantOp, [], { shape, data, name })[0];
}

/**
 * Returns `value` from every run under `name`; a second value with the same name replaces the
 * first.
 */
export function output(name: string, value: Value): void {
  active().outputs[name] = value;
}

/** Makes the elements of a variable from `offset` on take `value` at the end of every run. */
export function updateVariable(variable: string, offset: number, value: Value): void {
  active().updates.push({ variable, offset, value });
}

/** The updates recorded so far, in order. */
export function pendingUpdates(): readonly Update[] {
  return [...active().updates];
}

/** Replaces every update recorded so far. */
export function mapUpdates(replace: (update: Update) => Update): void {
  const { updates } = active();
  updates.splice(0, updates.length, ...updates.map(replace));
}

/**
 * The value that a parameter or buffer takes at the end of every run, as traced so far; itself if
 * unchanged.
 */
export function assigned(parameter: Parameter): Value {
  const { updates, options } = active();
  const binding = options.bind?.(parameter);
  if (!binding || "constant" in binding) return toValue(parameter);
  const { variable, offset } = binding;
  const update = updates.findLast((update) =>
    update.variable === variable && update.offset === offset
  );
  return update?.value ?? toValue(parameter);
}

/** Makes a parameter or buffer take `value` at the end of every run. */
export function assign(parameter: Parameter, value: Value): void {
  const binding = active().options.bind?.(parameter);
  if (!binding || "constant" in binding) {
    throw new InputError(`${parameter.name}: a constant cannot be assigned to`);
  }
  updateVariable(binding.variable, binding.offset, value);
}
