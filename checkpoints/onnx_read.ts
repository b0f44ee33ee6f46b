/**
 * Reads the weights out of an ONNX file. A file may come from anywhere, so reading trusts nothing:
 * what is not a weight is skipped unread, no length is believed before it was compared with the
 * bytes that are there, and nothing is nested deeper than a weight is.
 */
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { InputError } from "../errors.ts";
import { sizeOf } from "../graph/types.ts";
import { ELEMENT } from "./onnx_graph.ts";
import { loadProtobuf } from "./protobuf.ts";
import type { Tensor } from "./safetensors.ts";

/** Kinds of encoding in protocol buffers that the fields read here have. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7 } as const;
const GRAPH = { initializer: 5 } as const;
const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;

/** More axes than any weight has. */
const MAX_RANK = 16;

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

/**
 * The floating-point initialisers of an ONNX file by name; `label` names the file in errors. Throws
 * InputError for a file that is damaged, or keeps its weights in other files.
 */
export async function parseOnnxTensors(
  bytes: Uint8Array,
  label: string,
): Promise<Map<string, Tensor>> {
  const { Reader } = await loadProtobuf();
  const fail = (problem: string): never => {
    throw new InputError(`${label}: not a sound ONNX file: ${problem}`);
  };
  const source: Source = { reader: (message) => Reader.create(message), fail };
  const tensors = new Map<string, Tensor>();
  let graphs = 0;
  for (const field of fieldsOf(bytes, source)) {
    if (field.number !== MODEL.graph || field.wireType !== LENGTH_DELIMITED) continue;
    if (++graphs > 1) fail("it has several graphs");
    for (const { number, wireType, bytes } of fieldsOf(field.bytes, source)) {
      if (number !== GRAPH.initializer || wireType !== LENGTH_DELIMITED) continue;
      const { name, tensor } = parseTensor(bytes, source);
      if (tensors.has(name)) fail(`the tensor "${name}" stands twice in it`);
      if (tensor) tensors.set(name, tensor);
    }
  }
  if (graphs === 0) fail("it has no graph");
  return tensors;
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

/** A tensor; undefined where its elements are no floating-point numbers. */
function parseTensor(
  message: Uint8Array,
  source: Source,
): { name: string; tensor: Tensor | undefined } {
  const { fail } = source;
  const dims: number[] = [];
  let name = "";
  let dataType = 0;
  let data: Uint8Array | undefined;
  let isExternal = false;
  for (const { number, wireType, bytes, value } of fieldsOf(message, source)) {
    const isBytes = wireType === LENGTH_DELIMITED;
    if (number === TENSOR.dims) dims.push(...(isBytes ? packedIntegers(bytes, source) : [value]));
    else if (number === TENSOR.dataType) dataType = value;
    else if (number === TENSOR.name && isBytes) name = textOf(bytes, source);
    else if (number === TENSOR.externalData) isExternal = true;
    else if (number === TENSOR.dataLocation) isExternal ||= value !== 0;
    else if ((number === TENSOR.rawData || number === TENSOR.floatData) && isBytes) {
      if (data) fail(`the tensor "${name}" has its numbers twice`);
      data = bytes;
    }
    if (dims.length > MAX_RANK) fail(`the tensor "${name}" has more than ${MAX_RANK} axes`);
  }
  if (dataType !== ELEMENT.float && dataType !== ELEMENT.float16 && dataType !== ELEMENT.double) {
    return { name, tensor: undefined };
  }
  if (isExternal) {
    fail(`the numbers of the tensor "${name}" are in another file; save the model as one file`);
  }
  const size = sizeOf(dims);
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    fail(`the tensor "${name}" has the impossible shape [${dims.join(", ")}]`);
  }
  const elementBytes = dataType === ELEMENT.float ? 4 : dataType === ELEMENT.float16 ? 2 : 8;
  if ((data?.length ?? 0) !== size * elementBytes) {
    fail(
      `the tensor "${name}" of shape [${dims.join(", ")}] needs ${size * elementBytes} bytes, it ` +
        `has ${data?.length ?? 0}`,
    );
  }
  return { name, tensor: tensorOf(dataType, dims, data ?? new Uint8Array()) };
}

function tensorOf(dataType: number, shape: readonly number[], bytes: Uint8Array): Tensor {
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

function textOf(bytes: Uint8Array, { fail }: Source): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("a name is not in UTF-8");
  }
}
