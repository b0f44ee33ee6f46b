/**
 * Inference programs as data: a folded network is stored with the program that runs it, so a file
 * alone is enough to predict with, whatever model it came from.
 */
import { InputError } from "../errors.ts";
import {
  type AttributeRules,
  listOf,
  MAX_EXTENT,
  MAX_RANK,
  MAX_SIDE,
  oneOf,
  text,
  whole,
  wrongAttribute,
} from "../graph/attribute_rules.ts";
import {
  type ConstantAttributes,
  constantOp,
  type InputAttributes,
  inputOp,
  isLeaf,
} from "../graph/leaves.ts";
import { apply, constant, input, output, trace, withScope } from "../graph/trace.ts";
import {
  type Attributes,
  formatShape,
  type Program,
  type Shape,
  sizeOf,
  type Value,
} from "../graph/types.ts";
import { OPS } from "../ops/registry.ts";
import { isLine } from "../safetensors/line.ts";
import type { Tensor } from "../safetensors/safetensors.ts";
import { isRecord } from "../schema/record.ts";
import { MAX_AT_ONCE, requireModestCost } from "./program_cost.ts";

/** More than a network has: one with a thousand layers has about eight thousand. */
const MAX_NODES = 2 ** 13;

/** Current names of ops that older files call by another name. */
const RENAMED_OPS: ReadonlyMap<string, string> = new Map([["augment", "preprocess"]]);

/** A result of a node: the indices of the node and of the result. */
export type StoredReference = readonly [node: number, output: number];

/** A node as JSON. */
export interface StoredNode {
  /** Name of the op in `ops/registry.ts`. */
  readonly op: string;
  /** Where each input comes from. */
  readonly inputs: readonly StoredReference[];
  /** The op's options; for a constant its name, under which the file stores its elements. */
  readonly attributes: Attributes;
  /** Path of the module that traced the node; absent outside modules. */
  readonly scope?: string;
}

/** A program as JSON; constants are stored separately, by name. */
export interface StoredProgram {
  /** In an order in which every value is computed before it is used. */
  readonly nodes: readonly StoredNode[];
  /** Where each result comes from, by name. */
  readonly outputs: Readonly<Record<string, StoredReference>>;
}

/** Whether parsed JSON has the form of a program; restoring checks the contents of its nodes. */
export function isStoredProgram(value: unknown): value is StoredProgram {
  const isReference = (reference: unknown) =>
    Array.isArray(reference) && reference.length === 2 && reference.every(Number.isInteger);
  return isRecord(value) && isRecord(value.outputs) &&
    Object.values(value.outputs).every(isReference) &&
    Array.isArray(value.nodes) &&
    value.nodes.every((node) =>
      isRecord(node) && isLine(node.op) && isRecord(node.attributes) &&
      Array.isArray(node.inputs) && node.inputs.every(isReference) &&
      (node.scope === undefined || isLine(node.scope))
    );
}

/** Splits a program without variables into JSON and its constants, f32 tensors by unique names. */
export function storeProgram(
  program: Program,
): { stored: StoredProgram; constants: Map<string, Tensor> } {
  const constants = new Map<string, Tensor>();
  const indexOf = new Map(program.nodes.map((node, i) => [node, i]));
  const reference = (value: Value) => [indexOf.get(value.node)!, value.index] as const;
  const nodes = program.nodes.map(({ op, inputs, attributes, scope }): StoredNode => ({
    op: op.name,
    inputs: inputs.map(reference),
    attributes: op === constantOp ? { name: keep(attributes, constants) } : attributes,
    ...(scope === "" ? {} : { scope }),
  }));
  const outputs = Object.fromEntries(
    Object.entries(program.outputs).map(([name, value]) => [name, reference(value)]),
  );
  return { stored: { nodes, outputs }, constants };
}

function keep(
  { name = "constant", shape, data }: ConstantAttributes,
  constants: Map<string, Tensor>,
): string {
  let unique = name;
  for (let i = 1; constants.has(unique); i++) unique = `${name}.${i}`;
  constants.set(unique, { dtype: "F32", shape, data: Float32Array.from(data) });
  return unique;
}

/**
 * Rebuilds a program for another batch size: every input's first extent becomes `batchSize`. The
 * stored program is untrusted: it may use only inference ops, with the operands and attributes that
 * each op declares, and all shapes are inferred again. Throws InputError, which does not name the
 * file, for anything else, for a missing tensor, and for a program or tensors of absurd size or cost.
 */
export function restoreProgram(
  name: string,
  { nodes, outputs }: StoredProgram,
  tensors: ReadonlyMap<string, Tensor>,
  batchSize: number,
): Program {
  for (const [what, { length }] of Object.entries({ nodes, outputs: Object.keys(outputs) })) {
    if (length <= MAX_NODES) continue;
    throw new InputError(
      `the stored program has ${length} ${what}; expected at most ${MAX_NODES}`,
    );
  }
  const results: Value[][] = [];
  const resolve = ([node, index]: StoredReference): Value => {
    const value = results[node]?.[index];
    if (!value) throw new InputError("the stored program refers to a missing value");
    return value;
  };
  // A tensor becomes one constant, however often the program names it.
  const constants = new Map<string, Value>();
  const constantOf = (name: string): Value => {
    const known = constants.get(name) ?? restoreConstant(name, tensors);
    constants.set(name, known);
    return known;
  };
  const program = trace({ name }, () => {
    for (const node of nodes) {
      const values = withScope(
        node.scope ?? "",
        () => restoreNode(node, node.inputs.map(resolve), constantOf, batchSize),
      );
      values.forEach(({ shape }) => requireSane(shape, batchSize));
      results.push(values);
    }
    Object.entries(outputs).forEach(([key, value]) => output(key, resolve(value)));
  });
  requireModestCost(program, batchSize);
  return program;
}

/** Attributes of a stored constant; its elements are a tensor of the file. */
const CONSTANT_RULES: AttributeRules<Pick<ConstantAttributes, "name">> = { name: text };
/** Attributes of a stored input. */
const INPUT_RULES: AttributeRules<InputAttributes> = {
  name: text,
  shape: listOf(whole(1)),
  dtype: oneOf(["f32", "i32", "u8"]),
};

function restoreNode(
  { op: name, attributes }: StoredNode,
  operands: readonly Value[],
  constantOf: (name: string) => Value,
  batchSize: number,
): Value[] {
  const op = OPS.get(RENAMED_OPS.get(name) ?? name);
  if (!op) {
    throw new InputError(
      `the stored program uses the op "${name}", which this version does not know; ` +
        "update Overfold or fold the checkpoint again",
    );
  }
  const rules = op === constantOp
    ? CONSTANT_RULES
    : op === inputOp
    ? INPUT_RULES
    : op.inference?.attributes;
  if (!rules) {
    throw new InputError(
      `the stored program uses the op "${name}", which is not an inference op; ` +
        "fold the checkpoint again",
    );
  }
  const wrong = wrongAttribute(rules, attributes);
  if (wrong) throw new InputError(`the stored program: ${name}: ${wrong}`);
  if (!isLeaf(op)) return apply(op, operands, attributes);
  if (operands.length > 0) throw new InputError(`the stored program: ${name} takes no inputs`);
  if (op === constantOp) return [constantOf(attributes.name)];
  const [, ...rest] = attributes.shape;
  return [input(attributes.name, [batchSize, ...rest], attributes.dtype)];
}

/** Throws InputError for a tensor larger than any network has, before memory is planned for it. */
function requireSane(shape: Shape, batchSize: number): void {
  const isSane = shape.length <= MAX_RANK &&
    shape.every((extent) => extent >= 1 && extent <= Math.max(MAX_EXTENT, batchSize)) &&
    shape.slice(2).every((extent) => extent <= MAX_SIDE) &&
    sizeOf(shape) <= MAX_AT_ONCE * batchSize;
  if (isSane) return;
  throw new InputError(
    `the stored program has a tensor of the impossible shape ${formatShape(shape)}`,
  );
}

function restoreConstant(name: string, tensors: ReadonlyMap<string, Tensor>): Value {
  const tensor = tensors.get(name);
  if (!tensor) throw new InputError(`the tensor ${JSON.stringify(name)} is missing`);
  if (!(tensor.data instanceof Float32Array) || tensor.data.length !== sizeOf(tensor.shape)) {
    throw new InputError(`the tensor "${name}" is not of type F32`);
  }
  return constant(tensor.shape, tensor.data, name);
}
