/**
 * Inference programs as data: a folded network is stored with the program that runs it, so a file
 * alone is enough to predict with, whatever model it came from.
 */
import { InputError } from "../errors.ts";
import { type ConstantAttributes, constantOp, inputOp } from "../graph/leaves.ts";
import { apply, constant, input, output, trace, withScope } from "../graph/trace.ts";
import { type Attributes, formatShape, type Program, sizeOf, type Value } from "../graph/types.ts";
import { OPS } from "../ops/registry.ts";
import { isRecord } from "../schema/record.ts";
import { orDamaged } from "./damage.ts";
import type { Tensor } from "./safetensors.ts";

/** More than a tensor of one image has, along one axis and in all. */
const MAX_EXTENT = 2 ** 24;
const MAX_ELEMENTS = 2 ** 31;

/** A node as JSON. */
export interface StoredNode {
  /** Name of the op in `ops/registry.ts`. */
  readonly op: string;
  /** Each input as [index of the node, index of its output]. */
  readonly inputs: readonly (readonly [number, number])[];
  /** The op's options; of a constant its name, the elements being tensors of the file. */
  readonly attributes: Attributes;
  /** Path of the module that traced the node; absent outside modules. */
  readonly scope?: string;
}

/** A program as JSON; constants are kept apart, by name. */
export interface StoredProgram {
  /** In an order in which every value is computed before it is used. */
  readonly nodes: readonly StoredNode[];
  /** Each result, by name, as [index of the node, index of its output]. */
  readonly outputs: Readonly<Record<string, readonly [number, number]>>;
}

/** Whether parsed JSON has the form of a program; what its nodes say is checked when it is restored. */
export function isStoredProgram(value: unknown): value is StoredProgram {
  const isReference = (reference: unknown) =>
    Array.isArray(reference) && reference.length === 2 && reference.every(Number.isInteger);
  return isRecord(value) && isRecord(value.outputs) &&
    Object.values(value.outputs).every(isReference) &&
    Array.isArray(value.nodes) &&
    value.nodes.every((node) =>
      isRecord(node) && typeof node.op === "string" && isRecord(node.attributes) &&
      Array.isArray(node.inputs) && node.inputs.every(isReference) &&
      (node.scope === undefined || typeof node.scope === "string")
    );
}

/** A program without variables, split into JSON and its constants as f32 tensors by unique names. */
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
 * The program again, for another batch size: every input's first extent becomes `batchSize`.
 * `label` names the file in errors. Throws InputError for an unknown op, a missing tensor, attributes
 * or shapes that do not fit, and for tensors of absurd size.
 */
export function restoreProgram(
  name: string,
  stored: StoredProgram,
  tensors: ReadonlyMap<string, Tensor>,
  batchSize: number,
  label: string,
): Program {
  const restore = () => {
    const results: Value[][] = [];
    const resolve = ([node, index]: readonly [number, number]): Value => {
      const value = results[node]?.[index];
      if (!value) throw new InputError("the stored program refers to a missing value");
      return value;
    };
    for (const { op, inputs, attributes, scope } of stored.nodes) {
      results.push(withScope(scope ?? "", () => {
        if (op === inputOp.name) {
          const [, ...rest] = attributes.shape;
          return [input(attributes.name, [batchSize, ...rest], attributes.dtype)];
        }
        if (op === constantOp.name) return [restoreConstant(attributes.name, tensors)];
        const known = OPS.get(op);
        if (!known) {
          throw new InputError(
            `the stored program uses the op "${op}", which this version does not know; ` +
              "update Overfold or fold the checkpoint again",
          );
        }
        return apply(known, inputs.map(resolve), attributes);
      }));
      for (const { shape } of results[results.length - 1]) {
        const isSane = shape.every((extent) => Number.isInteger(extent) && extent <= MAX_EXTENT);
        if (!isSane || !(sizeOf(shape) <= MAX_ELEMENTS * batchSize)) {
          throw new InputError(
            `the stored program has a tensor of the impossible shape ` +
              `${formatShape(shape)}`,
          );
        }
      }
    }
    Object.entries(stored.outputs).forEach(([key, value]) => output(key, resolve(value)));
  };
  return orDamaged(label, "the program", () => trace({ name }, restore));
}

function restoreConstant(name: string, tensors: ReadonlyMap<string, Tensor>): Value {
  const tensor = tensors.get(name);
  if (!tensor) throw new InputError(`the tensor "${name}" is missing`);
  if (!(tensor.data instanceof Float32Array) || tensor.data.length !== sizeOf(tensor.shape)) {
    throw new InputError(`the tensor "${name}" is not of type F32`);
  }
  return constant(tensor.shape, tensor.data, name);
}
