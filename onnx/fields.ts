/**
 * Messages of protocol buffers, of which ONNX files are made, field by field. No length is believed before it
 * was compared with the bytes that are there.
 */
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { InputError } from "../errors.ts";
import { isLine, shown } from "../safetensors/line.ts";

/** Kinds of encoding that the fields read here have. */
const VARINT = 0;
export const LENGTH_DELIMITED = 2;
const BYTES_8 = 1;
const BYTES_4 = 5;

/** How a file is read. */
export interface Source {
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
  /** Its value if it is a varint or a float32. */
  readonly value: number;
}

/** The fields of a message; those of other encodings are skipped. */
export function* fieldsOf(message: Uint8Array, { reader: read, fail }: Source): Iterable<Field> {
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
      } else if (wireType === BYTES_4) {
        field = { number, wireType, bytes: none, value: reader.float() };
      } else if (wireType === BYTES_8) {
        reader.skip(8);
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

/** The integers of a list, or the first of them where they are more than `most`: one more than that. */
export function packedIntegers(
  bytes: Uint8Array,
  most: number,
  { reader: read, fail }: Source,
): number[] {
  const reader = read(bytes);
  const values: number[] = [];
  try {
    while (reader.pos < reader.len && values.length <= most) {
      values.push(Number(String(reader.int64())));
    }
  } catch {
    fail("a list of integers is cut short");
  }
  return values;
}

/** A name that can be shown. */
export function nameOf(bytes: Uint8Array, source: Source): string {
  const name = textOf(bytes, source);
  if (isLine(name)) return name;
  return source.fail(`a tensor's name is too long or has control characters: ${shown(name)}`);
}

/** Text of any kind. */
export function textOf(bytes: Uint8Array, { fail }: Source): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("a name is not in UTF-8");
  }
}
