/** Unpacks the parts of TIFF images. */
import type { OnDamage } from "../pixels.ts";
import { BROKEN } from "./damage.ts";
import { unpackFax } from "./fax.ts";
import { inflate } from "./inflate.ts";
import { unpackLzw } from "./lzw.ts";
import { COMPRESSION, type Segment, type TiffLayout } from "./tiff_directory.ts";

/** Unpacks a plane of a segment into `into`, at most its length. Resolves to the number of bytes. */
export async function unpackSegment(
  stored: Uint8Array<ArrayBuffer>,
  into: Uint8Array,
  { width, height }: Segment,
  { compression, isReversed }: TiffLayout,
  onDamage: OnDamage,
): Promise<number> {
  const packed = isReversed ? stored.map((byte) => REVERSED[byte]) : stored;
  switch (compression) {
    case COMPRESSION.lzw:
      return unpackLzw(packed, into, { bits: 8, isHighFirst: true, early: 1 });
    case COMPRESSION.packBits:
      return unpackBits(packed, into);
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate:
      return await unpackDeflate(packed, into, onDamage);
    case COMPRESSION.group4:
      return unpackFax(packed, into, width, height);
    default:
      into.set(packed.subarray(0, into.length));
      return Math.min(packed.length, into.length);
  }
}

/** Bytes with their bits reversed. */
const REVERSED = Uint8Array.from(
  { length: 256 },
  (_, byte) =>
    Array.from({ length: 8 }, (_, i) => (byte >> i & 1) << (7 - i)).reduce((a, b) => a | b),
);

async function unpackDeflate(
  packed: Uint8Array<ArrayBuffer>,
  into: Uint8Array,
  onDamage: OnDamage,
): Promise<number> {
  let filled = 0;
  try {
    for await (const piece of inflate([packed])) {
      const part = piece.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      if (part.length < piece.length) break;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The checksum at the end may be the only damage.
    onDamage(BROKEN);
  }
  return filled;
}

/** PackBits: runs of equal and of different bytes, each preceded by its length. */
function unpackBits(packed: Uint8Array, into: Uint8Array): number {
  let filled = 0;
  for (let at = 0; at < packed.length && filled < into.length;) {
    const length = packed[at++];
    if (length < 128) {
      const part = packed.subarray(at, at + Math.min(length + 1, into.length - filled));
      into.set(part, filled);
      filled += part.length;
      at += length + 1;
    } else if (length > 128 && at < packed.length) {
      const end = Math.min(into.length, filled + 257 - length);
      into.fill(packed[at++], filled, end);
      filled = end;
    }
  }
  return filled;
}
