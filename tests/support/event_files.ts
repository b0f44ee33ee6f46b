/** Reads TensorBoard's event files from the specification of their format alone. */
import { assertEquals } from "@std/assert";
import CRC32C from "npm:crc-32@1.2.2/crc32c.js";

/** A message: by field number, the values in order. */
export type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** The events of a file. Throws if a checksum is wrong or bytes are left over. */
export function readEvents(file: Uint8Array<ArrayBuffer>): Fields[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const events: Fields[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true));
    assertEquals(view.getUint32(at + 8, true), maskedCrc(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assertEquals(data.length, length);
    assertEquals(view.getUint32(at + 12 + length, true), maskedCrc(data));
    events.push(readFields(data));
    at += 16 + length;
  }
  return events;
}

/** `((crc >> 15) | (crc << 17)) + 0xa282ead8`, of tensorflow/core/lib/hash/crc32c.h. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = BigInt(CRC32C.buf(bytes) >>> 0);
  return Number(BigInt.asUintN(32, (crc >> 15n | BigInt.asUintN(32, crc << 17n)) + 0xa282ead8n));
}

/** The fields of a message in protocol buffers' wire format. */
export function readFields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => bytes.subarray(at, at += length);
  while (at < bytes.length) {
    const key = varint();
    const readers: Record<number, () => number | Uint8Array> = {
      0: varint,
      1: () => view.getFloat64((at += 8) - 8, true),
      2: () => take(varint()),
      5: () => view.getFloat32((at += 4) - 4, true),
    };
    const number = key >> 3;
    fields.set(number, [...fields.get(number) ?? [], readers[key & 7]()]);
  }
  assertEquals(at, bytes.length);
  return fields;
}

/** The single message at this path of field numbers. */
export function messageAt(fields: Fields, ...path: readonly number[]): Fields {
  return path.reduce((inner, number) => readFields(inner.get(number)![0] as Uint8Array), fields);
}

/** A text field. */
export function textAt(fields: Fields, number: number): string {
  return new TextDecoder().decode(fields.get(number)![0] as Uint8Array);
}

/** A field of packed doubles. */
export function doublesAt(fields: Fields, number: number): number[] {
  const bytes = (fields.get(number)![0] as Uint8Array).slice();
  return [...new Float64Array(bytes.buffer)];
}

/** The summaries of an event by tag. */
export function summariesOf(event: Fields): Map<string, Fields> {
  const summary = event.get(5);
  if (!summary) return new Map();
  const values = readFields(summary[0] as Uint8Array).get(1) ?? [];
  return new Map(
    values.map((value) => readFields(value as Uint8Array)).map((value) => [
      textAt(value, 1),
      value,
    ]),
  );
}
