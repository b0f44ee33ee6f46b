/** An ONNX graph under construction: nodes, constants and unique names. */
import type { onnx } from "npm:onnx-proto@8.0.1";
import { InputError } from "../errors.ts";
import type { OnnxAttribute, OnnxNodes } from "../graph/onnx_nodes.ts";
import { formatShape, type Shape, sizeOf } from "../graph/types.ts";

/** Element types by onnx.proto's numbers. */
export const ELEMENT = {
  float: 1,
  uint8: 2,
  int64: 7,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** Attribute types by onnx.proto's numbers. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** Storage type of weights and activations in an exported network. */
export type OnnxDType = "f32" | "f16";

/** Nodes and constants of a graph. Tensors are identified by name. */
export class OnnxGraph {
  readonly nodes: onnx.INodeProto[] = [];
  readonly initializers: onnx.ITensorProto[] = [];
  readonly #names = new Map<string, number>();

  /** @param dtype in which {@link floats} are stored */
  constructor(readonly dtype: OnnxDType) {}

  /** Appends a node and returns its output's name. `scope` is the path of the layer it belongs to. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    scope = "",
  ): string {
    const name = this.unique(scope === "" ? opType : `${scope}/${opType}`);
    this.nodes.push({
      name,
      opType,
      input: [...inputs],
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
    });
    return name;
  }

  /**
   * Stores a tensor of numbers and returns its name. Throws InputError for a number that is too
   * large for the graph's dtype.
   */
  floats(data: Float32Array | Float64Array, shape: Shape, name = "constant"): string {
    if (this.dtype === "f32") {
      return this.#store(ELEMENT.float, Float32Array.from(data), shape, name);
    }
    const halves = Float16Array.from(data);
    const lost = halves.findIndex((half, i) => !Number.isFinite(half) && Number.isFinite(data[i]));
    if (lost >= 0) {
      throw new InputError(
        `${name} ${formatShape(shape)} contains ${
          data[lost]
        }, too large for f16 (at most 65504); ` +
          "export with f32",
      );
    }
    return this.#store(ELEMENT.float16, halves, shape, name);
  }

  /** Stores a number in f32 whatever the dtype and returns its name. */
  floats32(data: readonly number[], shape: Shape, name: string): string {
    return this.#store(ELEMENT.float, Float32Array.from(data), shape, name);
  }

  /** Stores a list of integers and returns its name. */
  integers(data: readonly number[], name = "integers"): string {
    const wide = BigInt64Array.from(data, (value) => BigInt(value));
    return this.#store(ELEMENT.int64, wide, [data.length], name);
  }

  /** Names for the layer at this path; an empty path is outside layers. */
  within(scope: string): OnnxNodes {
    const named = (name: string) => scope === "" ? name : `${scope}.${name}`;
    return {
      node: (opType, inputs, attributes) => this.node(opType, inputs, attributes, scope),
      floats: (data, shape, name) => this.floats(data, shape, name && named(name)),
      floats32: (data, shape, name) => this.floats32(data, shape, named(name)),
      integers: (data) => this.integers(data),
    };
  }

  /** `name`, with a number appended if it is taken. */
  unique(name: string): string {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    return count === 0 ? name : this.unique(`${name}.${count}`);
  }

  #store(
    dataType: number,
    data: Float32Array | Float16Array | BigInt64Array,
    shape: Shape,
    name: string,
  ): string {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`${name}: ${data.length} numbers for shape ${formatShape(shape)}`);
    }
    const unique = this.unique(name);
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name: unique, dataType, dims: [...shape], rawData });
    return unique;
  }
}

/** A graph input or output whose first extent is the free batch size `N`. */
export function batchOf(name: string, elemType: number, shape: Shape): onnx.IValueInfoProto {
  const dim = [{ dimParam: "N" }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function attributeOf(name: string, value: OnnxAttribute): onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE.int, i: value };
  if (typeof value === "string") {
    return { name, type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { name, type: ATTRIBUTE.float, f: value.float };
  return { name, type: ATTRIBUTE.ints, ints: [...value] };
}
