/**
 * Reads the weights out of an ONNX file. A file may come from anywhere, so reading trusts nothing:
 * what is neither a weight nor a node that may name one is skipped unread, no length is believed before it was compared with the
 * bytes that are there, and nothing is nested deeper than a weight is.
 */
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { InputError } from "../errors.ts";
import { sizeOf } from "../graph/types.ts";
import { isLine, shown } from "./line.ts";
import { ELEMENT } from "./onnx_graph.ts";
import { namedByNodes, NAMING_OPS, type OnnxNode } from "./onnx_names.ts";
import { loadProtobuf } from "./protobuf.ts";
import type { Tensor } from "./safetensors.ts";

/** Kinds of encoding in protocol buffers that the fields read here have. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, initializer: 5 } as const;
const NODE = { input: 1, output: 2, name: 3, op: 4 } as const;
const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;

const ENTRY = { key: 1, value: 2 } as const;

/** More than a network has: one of a thousand layers has some five thousand. */
const MAX_TENSORS = 2 ** 13;

/** Nodes that are looked at; as many use a weight. */
const MAX_NODES = MAX_TENSORS;

/** More axes than any weight has. */
const MAX_RANK = 16;

/** Bytes of an element, of the types that are numbers with a point. */
const ELEMENT_BYTES = new Map<number, number>([
  [ELEMENT.float, 4],
  [ELEMENT.float16, 2],
  [ELEMENT.double, 8],
]);

/** How a file is read. */
interface Source {
  reader(message: Uint8Array): protobuf.Reader;
  /** Refuses the file. */
  readonly fail: (problem: string) => never;
}

/** One field of a message. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  /** What it holds if it is length-delimited. */
  readonly bytes: Uint8Array;
  /** Its value if it is a varint. */
  readonly value: number;
}

/** Where in which other file a tensor's numbers are, as an ONNX file says it: nothing is checked. */
export interface ExternalData {
  /** The file, from the folder the ONNX file is in. */
  readonly location: string;
  /** The first byte. */
  readonly offset: number;
  /** How many bytes the tensor needs, which the file says too if it says anything. */
  readonly length: number;
}

/** A tensor of the file whose numbers are yet to be looked at. */
interface TensorEntry {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly data?: Uint8Array;
  /** By key, where the numbers are in another file. */
  readonly external?: ReadonlyMap<string, string>;
}

/**
 * The floating-point initialisers of an ONNX file by the names of their layers, which its nodes tell
 * where the exporter took them off ({@link namedByNodes}); `label` names the file in errors. Throws
 * InputError for a file that is damaged, and what `readExternal` throws.
 *
 * @param readExternal reads a tensor's bytes from another file
 */
export async function parseOnnxTensors(
  bytes: Uint8Array,
  label: string,
  readExternal: (data: ExternalData, tensor: string) => Promise<Uint8Array>,
): Promise<Map<string, Tensor>> {
  const { Reader } = await loadProtobuf();
  const fail = (problem: string): never => {
    throw new InputError(`${label}: not a sound ONNX file: ${problem}; export or fetch it again`);
  };
  const source: Source = { reader: (message) => Reader.create(message), fail };
  const tensors = new Map<string, Tensor>();
  const nodes: OnnxNode[] = [];
  let graphs = 0;
  for (const field of fieldsOf(bytes, source)) {
    if (field.number !== MODEL.graph || field.wireType !== LENGTH_DELIMITED) continue;
    if (++graphs > 1) fail("it has several graphs");
    for (const { number, wireType, bytes } of fieldsOf(field.bytes, source)) {
      if (wireType !== LENGTH_DELIMITED) continue;
      if (number === GRAPH.node && nodes.length < MAX_NODES) {
        const node = parseNode(bytes, source);
        if (NAMING_OPS.includes(node.op)) nodes.push(node);
      }
      if (number !== GRAPH.initializer) continue;
      const entry = parseTensor(bytes, source);
      const { name, external } = entry;
      if (tensors.has(name)) fail(`the tensor "${name}" stands twice in it`);
      const size = bytesOf(entry, source);
      if (size === undefined) continue;
      if (tensors.size === MAX_TENSORS) fail(`it has more than ${MAX_TENSORS} weights`);
      const data = external
        ? await readExternal(placeOf(entry, external, size, source), name)
        : entry.data ?? new Uint8Array();
      if (data.length !== size) {
        fail(
          `the tensor "${name}" of shape [${entry.dims.join(", ")}] needs ${size} bytes, it has ` +
            `${data.length}`,
        );
      }
      tensors.set(name, tensorOf(entry, data));
    }
  }
  if (graphs === 0) fail("it has no graph");
  return namedByNodes(tensors, nodes);
}

/** The fields of a message; those of other encodings are skipped. */
function* fieldsOf(message: Uint8Array, { reader: read, fail }: Source): Iterable<Field> {
  const reader = read(message);
  const none = new Uint8Array();
  while (reader.pos < reader.len) {
    let field: Field | undefined;
    try {
      const tag = reader.uint32();
      const [number, wireType] = [tag >>> 3, tag & 7];
      if (number === 0) fail("a field has no number");
      if (wireType === LENGTH_DELIMITED) {
        const length = reader.uint32();
        const start = reader.pos;
        reader.skip(length);
        const bytes = message.subarray(start, start + length);
        field = { number, wireType, bytes, value: NaN };
      } else if (wireType === VARINT) {
        field = { number, wireType, bytes: none, value: Number(String(reader.int64())) };
      } else if (wireType === 1 || wireType === 5) {
        reader.skip(wireType === 1 ? 8 : 4);
      } else {
        fail(`a field has the unknown encoding ${wireType}`);
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      fail(`it is cut short or damaged at byte ${reader.pos} of a part of ${message.length} bytes`);
    }
    if (field) yield field;
  }
}

function parseNode(message: Uint8Array, source: Source): OnnxNode {
  let [op, name] = ["", ""];
  const inputs: string[] = [];
  const outputs: string[] = [];
  for (const { number, wireType, bytes } of fieldsOf(message, source)) {
    if (wireType !== LENGTH_DELIMITED) continue;
    if (number === NODE.op) op = textOf(bytes, source);
    else if (number === NODE.name) name = nameOf(bytes, source);
    else if (number === NODE.input) inputs.push(nameOf(bytes, source));
    else if (number === NODE.output) outputs.push(nameOf(bytes, source));
  }
  return { op, name, inputs, outputs };
}

function parseTensor(message: Uint8Array, source: Source): TensorEntry {
  const { fail } = source;
  const dims: number[] = [];
  const external = new Map<string, string>();
  let name = "";
  let dataType = 0;
  let data: Uint8Array | undefined;
  let isExternal = false;
  for (const { number, wireType, bytes, value } of fieldsOf(message, source)) {
    const isBytes = wireType === LENGTH_DELIMITED;
    if (number === TENSOR.dims) dims.push(...(isBytes ? packedIntegers(bytes, source) : [value]));
    else if (number === TENSOR.dataType) dataType = value;
    else if (number === TENSOR.name && isBytes) name = nameOf(bytes, source);
    else if (number === TENSOR.dataLocation) isExternal ||= value !== 0;
    else if (number === TENSOR.externalData && isBytes) {
      isExternal = true;
      external.set(...parseEntry(bytes, source));
    } else if ((number === TENSOR.rawData || number === TENSOR.floatData) && isBytes) {
      if (data) fail(`the tensor "${name}" has its numbers twice`);
      data = bytes;
    }
    if (dims.length > MAX_RANK) fail(`the tensor "${name}" has more than ${MAX_RANK} axes`);
  }
  return { name, dims, dataType, data, ...(isExternal ? { external } : {}) };
}

function parseEntry(message: Uint8Array, source: Source): [key: string, value: string] {
  let [key, value] = ["", ""];
  for (const { number, bytes } of fieldsOf(message, source)) {
    if (number === ENTRY.key) key = textOf(bytes, source);
    if (number === ENTRY.value) value = textOf(bytes, source);
  }
  return [key, value];
}

/** Bytes of a tensor; undefined where its elements are no floating-point numbers. */
function bytesOf({ name, dims, dataType }: TensorEntry, { fail }: Source): number | undefined {
  const elementBytes = ELEMENT_BYTES.get(dataType);
  if (elementBytes === undefined) return undefined;
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    fail(`the tensor "${name}" has the impossible shape [${dims.join(", ")}]`);
  }
  return sizeOf(dims) * elementBytes;
}

function placeOf(
  { name }: TensorEntry,
  external: ReadonlyMap<string, string>,
  size: number,
  { fail }: Source,
): ExternalData {
  const { location = "", offset = "0", length = String(size) } = Object.fromEntries(external);
  if (![offset, length].every((digits) => /^\d{1,15}$/.test(digits)) || Number(length) !== size) {
    fail(
      `the tensor "${name}" is said to have ${length} bytes from byte ${offset} of another file on; ` +
        `it needs ${size}`,
    );
  }
  return { location, offset: Number(offset), length: size };
}

function tensorOf({ dataType, dims: shape }: TensorEntry, bytes: Uint8Array): Tensor {
  // A copy of its own is aligned whatever the place in the file.
  const { buffer } = new Uint8Array(bytes);
  if (dataType === ELEMENT.float) return { dtype: "F32", shape, data: new Float32Array(buffer) };
  if (dataType === ELEMENT.float16) return { dtype: "F16", shape, data: new Float16Array(buffer) };
  return { dtype: "F64", shape, data: new Float64Array(buffer) };
}

function packedIntegers(bytes: Uint8Array, { reader: read, fail }: Source): number[] {
  const reader = read(bytes);
  const values: number[] = [];
  try {
    while (reader.pos < reader.len && values.length <= MAX_RANK) {
      values.push(Number(String(reader.int64())));
    }
  } catch {
    fail("a shape is cut short");
  }
  return values;
}

function nameOf(bytes: Uint8Array, source: Source): string {
  const name = textOf(bytes, source);
  if (isLine(name)) return name;
  return source.fail(`a tensor's name is too long or has control characters: ${shown(name)}`);
}

function textOf(bytes: Uint8Array, { fail }: Source): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("a name is not in UTF-8");
  }
}
