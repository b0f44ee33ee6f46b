/**
 * The safetensors file format: a length (u64, little-endian), a JSON header that places each tensor,
 * then raw little-endian data without gaps; https://github.com/huggingface/safetensors. This module
 * handles the bytes, which a browser can read too; `file.ts` reads and writes files.
 *
 * A file may come from anywhere, so reading trusts nothing: every length, offset and shape is
 * checked before it is used, as strictly as in the format's reference implementation.
 */
import { InputError } from "../errors.ts";
import { sizeOf } from "../graph/types.ts";
import { isRecord } from "../schema/record.ts";
import { MAX_TENSORS, parseHeader } from "./header.ts";
import { isLine, shown } from "./line.ts";

/** The array type of each element type. */
export interface Arrays {
  /** float64. */
  F64: Float64Array;
  /** float32; also what BF16 is read as. */
  F32: Float32Array;
  /** float16. */
  F16: Float16Array;
  /** Signed, 64 bits. */
  I64: BigInt64Array;
  /** Signed, 32 bits. */
  I32: Int32Array;
  /** Signed, 16 bits. */
  I16: Int16Array;
  /** Signed, 8 bits. */
  I8: Int8Array;
  /** Unsigned, 8 bits. */
  U8: Uint8Array;
  /** One byte per element, 0 or 1. */
  BOOL: Uint8Array;
}

/** An element type, by its name in the format. */
export type Dtype = keyof Arrays;

/** An element type as stored in files; BF16 is read as F32, which is exact. */
export type StoredDtype = Dtype | "BF16";

/** A tensor of a file: row-major `data` of the given shape; `[]` is a scalar. */
export type Tensor = {
  [D in Dtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: Arrays[D];
  };
}[Dtype];

/** The contents of a safetensors file. */
export interface Safetensors {
  /** By name, in the order of the data. */
  readonly tensors: Map<string, Tensor>;
  /** The header's `__metadata__`. */
  readonly metadata: Record<string, string>;
}

interface Entry {
  name: string;
  dtype: StoredDtype;
  shape: number[];
  begin: number;
  end: number;
}

/** Typed arrays have the machine's byte order; every platform that Deno supports is little-endian. */
const ARRAYS: {
  [D in Dtype]: { new (buffer: ArrayBuffer): Arrays[D]; BYTES_PER_ELEMENT: number };
} = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};
const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

/**
 * The tensors in the bytes of a safetensors file; `label` names it in errors. BF16 tensors are
 * widened to F32, which is exact. Throws InputError, naming the problem, for a malformed file.
 */
export function parseSafetensors(bytes: Uint8Array, label: string): Safetensors {
  const fail = (problem: string): never => {
    throw new InputError(
      `${label}: not a valid safetensors file: ${problem}; write or fetch it again`,
    );
  };
  if (bytes.length < LENGTH_BYTES) fail(`it has ${bytes.length} bytes, too few for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) {
    fail(
      `its header would be ${headerBytes} bytes long, more than the ${MAX_HEADER_BYTES} allowed`,
    );
  }
  if (headerBytes > bytes.length - LENGTH_BYTES) {
    fail(`it is truncated: the header is ${headerBytes} bytes long, the file ${bytes.length}`);
  }
  const data = bytes.subarray(LENGTH_BYTES + headerBytes);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes), fail);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    fail("__metadata__ is not a table of strings");
  }

  const names = Object.keys(entries);
  if (names.length > MAX_TENSORS) fail(`it has more than ${MAX_TENSORS} tensors`);
  const unfit = names.find((name) => !isLine(name));
  if (unfit !== undefined) {
    fail(`a tensor's name is too long or has control characters: ${shown(unfit)}`);
  }
  const places = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry, fail))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) {
      fail(`tensor "${name}" starts at byte ${begin} of the data, expected ${covered}`);
    }
    covered = end;
  }
  if (covered !== data.length) {
    fail(
      data.length < covered
        ? `it is truncated: its tensors need ${covered} bytes, it holds ${data.length}`
        : `${data.length - covered} bytes after its last tensor belong to no tensor`,
    );
  }
  // A separate copy is aligned at any offset and does not keep the whole file in memory.
  const tensors = new Map(
    places.map(({ name, dtype, shape, begin, end }) => [
      name,
      tensorOf(dtype, shape, new Uint8Array(data.subarray(begin, end))),
    ]),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

/**
 * The bytes of a safetensors file. Tensors are ordered by element size, largest first, so that each
 * is aligned to its elements. Throws RangeError if a tensor's data does not fit its shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const chunks = safetensorsChunks(tensors, metadata);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * The bytes of {@link encodeSafetensors} in pieces, so that writing a file needs no second copy of
 * all tensors. Throws RangeError if a tensor's data does not fit its shape.
 */
export function safetensorsChunks(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const ordered = [...tensors].sort(([, a], [, b]) =>
    b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT
  );
  let offset = 0;
  const entries = ordered.map(([name, { dtype, shape, data }]) => {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`tensor "${name}": ${data.length} elements for shape [${shape}]`);
    }
    const begin = offset;
    offset += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, offset] }];
  });
  const header = { __metadata__: metadata, ...Object.fromEntries(entries) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const start = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true);
  start.set(text, LENGTH_BYTES);
  return [
    start,
    ...ordered.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function parseEntry(name: string, entry: unknown, fail: (problem: string) => never): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (!isDtype(dtype)) {
    const known = [...Object.keys(ARRAYS), "BF16"].join(", ");
    return fail(`tensor "${name}" has the element type ${shown(dtype)}; known: ${known}`);
  }
  if (!isSizes(shape) || !Number.isSafeInteger(sizeOf(shape))) {
    return fail(`tensor "${name}" has the impossible shape ${JSON.stringify(shape)}`);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`tensor "${name}" has the impossible offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets;
  const expected = sizeOf(shape) * elementBytes(dtype);
  if (end - begin !== expected) {
    fail(
      `tensor "${name}" of shape [${shape}] and type ${dtype} needs ${expected} bytes, ` +
        `its offsets span ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** A tensor of these bytes, which start an array of their own, little-endian. */
export function tensorOf(
  dtype: StoredDtype,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Tensor {
  if (dtype === "BF16") {
    // A bfloat16 is the upper half of the float32 with the same value.
    const words = Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half << 16);
    return { dtype: "F32", shape, data: new Float32Array(words.buffer) };
  }
  return { dtype, shape, data: new ARRAYS[dtype](bytes.buffer) } as Tensor;
}

/** Bytes per element. */
export function elementBytes(dtype: StoredDtype): number {
  return dtype === "BF16" ? 2 : ARRAYS[dtype].BYTES_PER_ELEMENT;
}

function isDtype(value: unknown): value is StoredDtype {
  return typeof value === "string" && (value === "BF16" || Object.hasOwn(ARRAYS, value));
}

/** Whether a value is a list of whole numbers of 0 or more. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
