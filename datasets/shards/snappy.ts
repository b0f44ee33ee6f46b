/**
 * Unpacks Snappy (google/snappy, format_description.txt). Libraries for it mishandle invalid lengths in
 * untrusted files.
 */
import { InputError } from "../../errors.ts";

/**
 * Unpacks to `size` bytes. Throws InputError, which names no file, if the data is damaged or has another
 * length; takes time proportional to both lengths.
 */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(size);
  let [at, done] = [0, 0];
  /** An integer of `count` bytes, lowest byte first. */
  const next = (count: number): number => {
    if (at + count > packed.length) throw damaged();
    let value = 0;
    for (let i = 0; i < count; i++) value += packed[at++] * 2 ** (8 * i);
    return value;
  };
  if (varint(next) !== size) throw damaged();
  while (at < packed.length) {
    const tag = next(1);
    const kind = tag & 3;
    const short = tag >> 2;
    if (kind === 0) {
      const length = 1 + (short < 60 ? short : next(short - 59));
      if (length > packed.length - at || length > size - done) throw damaged();
      result.set(packed.subarray(at, at + length), done);
      at += length;
      done += length;
      continue;
    }
    const length = kind === 1 ? 4 + (short & 7) : 1 + short;
    const back = kind === 1 ? (tag >> 5) * 256 + next(1) : next(kind === 2 ? 2 : 4);
    if (back === 0 || back > done || length > size - done) throw damaged();
    // The source of a copy may overlap its result.
    for (const end = done + length; done < end; done++) result[done] = result[done - back];
  }
  if (done !== size) throw damaged();
  return result;
}

function varint(next: (count: number) => number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = next(1);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw damaged();
}

function damaged(): InputError {
  return new InputError("it is damaged: its compressed data; get a new copy");
}
