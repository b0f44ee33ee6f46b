/** Tensors of ONNX files, whichever field stores their numbers. */
import { sizeOf } from "../graph/types.ts";
import {
  elementBytes,
  type StoredDtype,
  type Tensor,
  tensorOf,
} from "../safetensors/safetensors.ts";
import {
  fieldsOf,
  LENGTH_DELIMITED,
  nameOf,
  packedIntegers,
  type Source,
  textOf,
} from "./fields.ts";
import { ELEMENT } from "./graph.ts";

/** Field numbers of onnx.proto. */
const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  name: 8,
  rawData: 9,
  doubleData: 10,
  externalData: 13,
  dataLocation: 14,
} as const;

const ENTRY = { key: 1, value: 2 } as const;

/** More axes than any weight has. */
export const MAX_RANK = 16;

/** Element types that weights may have, and the field of their numbers if not raw. */
const READ = new Map<number, { readonly dtype: StoredDtype; readonly field: number }>([
  [ELEMENT.float, { dtype: "F32", field: TENSOR.floatData }],
  [ELEMENT.float16, { dtype: "F16", field: TENSOR.int32Data }],
  [ELEMENT.bfloat16, { dtype: "BF16", field: TENSOR.int32Data }],
  [ELEMENT.double, { dtype: "F64", field: TENSOR.doubleData }],
]);

/** Names of the other types, by number. */
const UNREAD: Readonly<Record<number, string>> = {
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  12: "uint32",
  13: "uint64",
  14: "complex64",
  15: "complex128",
};

/** Location of a tensor's numbers in another file, as the ONNX file states it, unchecked. */
export interface ExternalData {
  /** The file, relative to the ONNX file's folder. */
  readonly location: string;
  /** The first byte. */
  readonly offset: number;
  /** The number of bytes the tensor needs; the file's statement must agree. */
  readonly length: number;
}

/** Reads a tensor's bytes from another file. */
export type ReadExternal = (data: ExternalData, tensor: string) => Promise<Uint8Array>;

/** A tensor of the file whose numbers have not been read yet. */
export interface TensorEntry {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** The fields that contain its numbers, by field number. */
  readonly data: readonly (readonly [field: number, bytes: Uint8Array])[];
  /** Entries by key if the numbers are in another file. */
  readonly external?: ReadonlyMap<string, string>;
}

/** Parses a tensor's fields. Refuses what no tensor of any type can be. */
export function parseTensor(message: Uint8Array, source: Source): TensorEntry {
  const { fail } = source;
  const dims: number[] = [];
  const data: [number, Uint8Array][] = [];
  const external = new Map<string, string>();
  let name = "";
  let dataType = 0;
  let isExternal = false;
  for (const { number, wireType, bytes, value } of fieldsOf(message, source)) {
    const isBytes = wireType === LENGTH_DELIMITED;
    if (number === TENSOR.dims) {
      dims.push(...(isBytes ? packedIntegers(bytes, MAX_RANK, source) : [value]));
    } else if (number === TENSOR.dataType) dataType = value;
    else if (number === TENSOR.name && isBytes) name = nameOf(bytes, source);
    else if (number === TENSOR.dataLocation) isExternal ||= value !== 0;
    else if (number === TENSOR.externalData && isBytes) {
      isExternal = true;
      external.set(...parseEntry(bytes, source));
    } else if (isBytes && NUMBERS.has(number)) data.push([number, bytes]);
    if (dims.length > MAX_RANK) fail(`the tensor "${name}" has more than ${MAX_RANK} axes`);
  }
  return { name, dims, dataType, data, ...(isExternal ? { external } : {}) };
}

/** Fields that contain numbers of supported types. */
const NUMBERS = new Set<number>([TENSOR.rawData, ...[...READ.values()].map(({ field }) => field)]);

function parseEntry(message: Uint8Array, source: Source): [key: string, value: string] {
  let [key, value] = ["", ""];
  for (const { number, bytes } of fieldsOf(message, source)) {
    if (number === ENTRY.key) key = textOf(bytes, source);
    if (number === ENTRY.value) value = textOf(bytes, source);
  }
  return [key, value];
}

/** Why a tensor is not read, completing "it is in the file, but"; undefined if it is. */
export function whyUnread({ dataType }: TensorEntry): string | undefined {
  if (READ.has(dataType)) return undefined;
  return `as ${UNREAD[dataType] ?? `numbers of the type ${dataType}`}; weights must be float32, ` +
    "float64, float16 or bfloat16: export the network without quantization";
}

/** Reads an entry's tensor. Refuses one whose number of bytes does not match its shape. */
export async function readTensor(
  entry: TensorEntry,
  source: Source,
  readExternal: ReadExternal,
): Promise<Tensor> {
  const { name, dims, dataType, external } = entry;
  const { dtype, field } = READ.get(dataType)!;
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    source.fail(`the tensor "${name}" has the impossible shape [${dims.join(", ")}]`);
  }
  const size = sizeOf(dims) * elementBytes(dtype);
  const bytes = external
    ? await readExternal(placeOf(name, external, size, source), name)
    : numbersOf(entry, field, source);
  if (bytes.length !== size) {
    source.fail(
      `the tensor "${name}" of shape [${dims.join(", ")}] needs ${size} bytes, it has ` +
        `${bytes.length}`,
    );
  }
  // A separate copy is aligned at any offset in the file.
  return tensorOf(dtype, dims, new Uint8Array(bytes));
}

function placeOf(
  name: string,
  external: ReadonlyMap<string, string>,
  size: number,
  { fail }: Source,
): ExternalData {
  const { location = "", offset = "0", length = String(size) } = Object.fromEntries(external);
  if (![offset, length].every((digits) => /^\d{1,15}$/.test(digits)) || Number(length) !== size) {
    fail(
      `the tensor "${name}" refers to ${length} bytes from byte ${offset} of another file; ` +
        `it needs ${size}`,
    );
  }
  return { location, offset: Number(offset), length: size };
}

/**
 * The bytes of a tensor's numbers in the file itself.
 *
 * @param own the field for its type
 */
function numbersOf({ name, data }: TensorEntry, own: number, source: Source): Uint8Array {
  if (data.length === 0) return new Uint8Array();
  if (data.length > 1) source.fail(`the tensor "${name}" contains its numbers twice`);
  const [[field, bytes]] = data;
  if (field !== TENSOR.rawData && field !== own) {
    source.fail(`the tensor "${name}" has its numbers in a field for another type`);
  }
  return field === TENSOR.int32Data ? halvesOf(bytes, source) : bytes;
}

/** The bytes of 16-bit numbers that are stored as integers, each in one or more bytes. */
function halvesOf(bytes: Uint8Array, { reader: read, fail }: Source): Uint8Array {
  const reader = read(bytes);
  const halves = new Uint16Array(bytes.length);
  let count = 0;
  try {
    while (reader.pos < reader.len) halves[count++] = reader.uint32();
  } catch {
    fail("a list of integers is truncated");
  }
  return new Uint8Array(halves.buffer, 0, 2 * count);
}
