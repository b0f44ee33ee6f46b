/** Parses a PNG file: its chunks, with their checksums, and its header. */
import { InputError } from "../../errors.ts";
import { formatCount } from "../../reporting/format.ts";
import { orientationOf } from "../orientation.ts";
import { checkPictureSize } from "../pixels.ts";
import { cutOff, ruined, unknownKind } from "./damage.ts";

/** Colour types by PNG's numbers. */
export const COLOUR = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgbAlpha: 6 } as const;

/** Bit depths allowed for each colour type. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  [COLOUR.grey]: [1, 2, 4, 8, 16],
  [COLOUR.rgb]: [8, 16],
  [COLOUR.palette]: [1, 2, 4, 8],
  [COLOUR.greyAlpha]: [8, 16],
  [COLOUR.rgbAlpha]: [8, 16],
};

/** The critical chunks; a file with any other cannot be decoded. */
const KNOWN = ["IHDR", "PLTE", "IDAT", "IEND"];

/** Most chunks in a file: in the largest image each holds 8 KiB. */
const MAX_CHUNKS = 1 << 16;

/** The parts of a PNG file needed for its pixels. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly depth: number;
  /** One of {@link COLOUR}. */
  readonly colour: number;
  readonly isInterlaced: boolean;
  /** Red, green and blue of each colour. */
  readonly palette: Uint8Array;
  /** Alpha of the palette's colours, or the transparent colour; empty if nothing is transparent. */
  readonly transparency: Uint8Array;
  /** The compressed pixels, in pieces. */
  readonly data: readonly Uint8Array<ArrayBuffer>[];
  /** EXIF's, 1 to 8. */
  readonly orientation: number;
  /** The file's damage, if any. */
  readonly damage?: string;
}

/** Parses a PNG file. Throws InputError if its pixels cannot be decoded. */
export function takePngApart(bytes: Uint8Array<ArrayBuffer>): PngParts {
  const chunks = new Map<string, Uint8Array<ArrayBuffer>[]>();
  const damage = readChunks(bytes, chunks);
  const only = (type: string) => chunks.get(type)?.[0] ?? new Uint8Array();
  const header = only("IHDR");
  if (header.length !== 13) throw ruined("PNG", damage ?? "it has no header");
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  checkPictureSize(width, height);
  const [depth, colour, compression, filter, interlace] = header.subarray(8);
  const stranger = [...chunks.keys()].find((type) => /^[A-Z]/.test(type) && !KNOWN.includes(type));
  const isKnown = DEPTHS[colour]?.includes(depth) && compression + filter === 0 && interlace <= 1;
  if (!isKnown || stranger !== undefined) {
    if (damage !== undefined) throw ruined("PNG", damage);
    throw unknownKind("PNG", stranger ?? [...header.subarray(8)].join(" "));
  }
  return {
    width,
    height,
    depth,
    colour,
    isInterlaced: interlace === 1,
    palette: only("PLTE"),
    transparency: only("tRNS"),
    data: chunks.get("IDAT") ?? [],
    orientation: orientationOf(only("eXIf")),
    ...(damage === undefined ? {} : { damage }),
  };
}

/**
 * Groups the chunks by type. Returns a description of damage, if any. Throws InputError if there are too
 * many chunks.
 */
function readChunks(
  bytes: Uint8Array<ArrayBuffer>,
  chunks: Map<string, Uint8Array<ArrayBuffer>[]>,
): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let damage: string | undefined;
  let count = 0;
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) return damage ?? `there is no chunk at byte ${at}`;
    if (++count > MAX_CHUNKS) {
      throw new InputError(
        `a PNG file of more than ${formatCount(MAX_CHUNKS)} chunks; save it again`,
      );
    }
    const end = at + 8 + length;
    const isWhole = end + 4 <= bytes.length;
    if (isWhole && view.getUint32(end) !== crc32(bytes.subarray(at + 4, end))) {
      damage ??= `the checksum of its chunk ${type} at byte ${at} is wrong`;
      // A damaged chunk's length cannot be trusted, nor anything after it.
      if (type === "IHDR") break;
    }
    const others = chunks.get(type);
    const content = bytes.subarray(at + 8, end);
    if (others) others.push(content);
    else chunks.set(type, [content]);
    if (!isWhole) break;
    if (type === "IEND") return damage;
    at = end + 4;
  }
  return damage ?? cutOff(bytes);
}

/** Remainders of all bytes. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  }
  return remainder;
});

/** The checksum of a chunk. node:zlib is not available in a browser. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
