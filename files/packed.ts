/** Serializes plain data and typed arrays, with a checksum. */
import { createHash } from "node:crypto";

/** Types of arrays. */
const TYPES = { Uint8Array, Uint32Array, Float64Array } as const;
type TypeName = keyof typeof TYPES;
type Numbers = InstanceType<(typeof TYPES)[TypeName]>;

const DIGEST_BYTES = 32;
const HEADER_BYTES = DIGEST_BYTES + 4;

/** The bytes of JSON data that may contain typed arrays. */
export function pack(data: unknown): Uint8Array<ArrayBuffer> {
  const arrays: Numbers[] = [];
  const json = JSON.stringify(data, (_, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    arrays.push(value as Numbers);
    return { type: value.constructor.name, length: (value as Numbers).length };
  });
  const text = new TextEncoder().encode(json);
  const size = arrays.reduce((sum, { byteLength }) => sum + byteLength, HEADER_BYTES + text.length);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(DIGEST_BYTES, text.length, true);
  let at = HEADER_BYTES;
  for (const { buffer, byteOffset, byteLength } of [text, ...arrays]) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  bytes.set(digestOf(bytes));
  return bytes;
}

/** Restores packed data; undefined if the bytes are damaged. */
export function unpack(bytes: Uint8Array<ArrayBuffer>): unknown {
  if (bytes.length < HEADER_BYTES || !digestOf(bytes).every((byte, i) => byte === bytes[i])) {
    return undefined;
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(DIGEST_BYTES, true);
  let at = HEADER_BYTES + length;
  const json = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, at));
  return JSON.parse(json, (_, value) => {
    if (!Object.hasOwn(TYPES, value?.type)) return value;
    const { type, length } = value as { type: TypeName; length: number };
    const size = length * TYPES[type].BYTES_PER_ELEMENT;
    const array = new TYPES[type](bytes.slice(at, at + size).buffer);
    at += size;
    return array;
  });
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes.subarray(DIGEST_BYTES)).digest();
}
