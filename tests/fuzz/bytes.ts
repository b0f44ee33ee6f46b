/** Mutations without knowledge of a format. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";

/** A copy with one to three mutations. */
export function damage(sound: Uint8Array, random: RandomStream): Uint8Array {
  let bytes = new Uint8Array(sound);
  for (let times = 1 + random.integer(3); times > 0 && bytes.length > 0; times--) {
    bytes = pick(DAMAGES, random)(bytes, random);
  }
  return bytes;
}

/** The bytes with `removed` of them, from `start` on, replaced. */
export function splice(
  bytes: Uint8Array,
  start: number,
  removed: number,
  added: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  return concatenate([
    bytes.subarray(0, start),
    added,
    bytes.subarray(Math.min(bytes.length, start + removed)),
  ]);
}

/** The concatenated parts. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

type Damage = (bytes: Uint8Array<ArrayBuffer>, random: RandomStream) => Uint8Array<ArrayBuffer>;

const DAMAGES: readonly Damage[] = [
  // Flips a bit.
  (bytes, random) => {
    bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
    return bytes;
  },
  // Replaces a byte by a random or extreme one.
  (bytes, random) => {
    const extremes = [0, 1, 0x7f, 0x80, 0xff];
    bytes[random.integer(bytes.length)] = random.integer(2)
      ? random.integer(256)
      : pick(extremes, random);
    return bytes;
  },
  // Replaces what may be a length, in either byte order.
  (bytes, random) => {
    const view = new DataView(bytes.buffer);
    const length = pick([0, 1, bytes.length, 0x7fffffff, 0xffffffff, random.uint32()], random);
    const width = pick([2, 4] as const, random);
    if (bytes.length < width) return bytes;
    const at = random.integer(Math.min(bytes.length - width + 1, random.integer(2) ? 32 : 2 ** 32));
    if (width === 2) view.setUint16(at, length, random.integer(2) === 0);
    else view.setUint32(at, length, random.integer(2) === 0);
    return bytes;
  },
  // Truncates or extends the file.
  (bytes, random) => bytes.slice(0, random.integer(bytes.length)),
  (bytes, random) => splice(bytes, bytes.length, 0, noise(1 + random.integer(64), random)),
  // Removes a part, copies it elsewhere or replaces it by noise.
  (bytes, random) => splice(bytes, random.integer(bytes.length), random.integer(40)),
  (bytes, random) => {
    const start = random.integer(bytes.length);
    const part = bytes.slice(start, start + random.integer(200));
    return splice(bytes, random.integer(bytes.length), random.integer(2) * part.length, part);
  },
  (bytes, random) => {
    const start = random.integer(bytes.length);
    return splice(bytes, start, random.integer(16), noise(random.integer(16), random));
  },
];

function noise(length: number, random: RandomStream): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
