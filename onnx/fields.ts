/**
 * Protocol buffer messages, of which ONNX files consist, field by field. Every length is checked against
 * the available bytes before it is used.
 */
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { InputError } from "../errors.ts";
import { isLine, shown } from "../safetensors/line.ts";

/** Wire types of the supported fields. */
const VARINT = 0;
export const LENGTH_DELIMITED = 2;
const BYTES_8 = 1;
const BYTES_4 = 5;

/** The file being read, for errors. */
export interface Source {
  reader(message: Uint8Array): protobuf.Reader;
  /** Throws the error that refuses the file. */
  readonly fail: (problem: string) => never;
}

/** One field of a message. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  /** Its bytes if it is length-delimited. */
  readonly bytes: Uint8Array;
  /** Its value if it is a varint or a float32. */
  readonly value: number;
}

/** The fields of a message; those of other wire types are skipped. */
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
      fail(`it is truncated or damaged at byte ${reader.pos} of a part of ${message.length} bytes`);
    }
    if (field) yield field;
  }
}

/** The integers of a list; of more than `most`, only the first `most` + 1. */
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
    fail("a list of integers is truncated");
  }
  return values;
}

/** A name that can be printed. */
export function nameOf(bytes: Uint8Array, source: Source): string {
  const name = textOf(bytes, source);
  if (isLine(name)) return name;
  return source.fail(`a tensor's name is too long or has control characters: ${shown(name)}`);
}

/** Any text. */
export function textOf(bytes: Uint8Array, { fail }: Source): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("a name is not UTF-8");
  }
}
