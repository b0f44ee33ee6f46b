/** Decodes GIF files: the first frame of an animation. */
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { cannotHold, cutOff, damageOf, ruined, TOO_FEW, unknownKind } from "./damage.ts";
import { unpackLzw } from "./lzw.ts";

/** First row of each pass of an interlaced frame, and the step between rows. */
const PASSES = [[0, 8], [4, 8], [2, 4], [1, 2]];

/** Types of blocks. */
const [EXTENSION, FRAME, CONTROL] = [0x21, 0x2c, 0xf9];

/** Most pixels per byte: a 12-bit code is a string of at most as many pixels as there are codes. */
const PIXELS_PER_BYTE = 4096 * 8 / 12;

/** A part of the screen and how it is painted. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly isInterlaced: boolean;
  /** Red, green and blue of each colour. */
  readonly palette: Uint8Array;
  /** Index of the transparent colour. */
  readonly clear?: number;
  /** Offset of its compressed pixels. */
  readonly start: number;
}

/**
 * Decodes the first frame of a GIF file; the rest of the screen has the first colour and is transparent.
 * A damaged file is decoded as far as possible. Throws InputError if nothing can be decoded.
 */
export function decodeGif(bytes: Uint8Array, onDamage: OnDamage): ImageData {
  const frame = findFrame(bytes);
  if (frame === undefined) throw ruined("GIF", cutOff(bytes));
  const { left, top, width, height, palette } = frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const screen = [
    Math.max(view.getUint16(6, true), left + width),
    Math.max(view.getUint16(8, true), top + height),
  ] as const;
  checkPictureSize(width, height);
  checkPictureSize(...screen);
  const { packed, isCut } = joinBlocks(bytes, frame.start + 1);
  const bits = bytes[frame.start];
  if (bits < 1 || bits > 8) throw unknownKind("GIF", `codes of ${bits} bits`);
  if (width * height > PIXELS_PER_BYTE * packed.length) {
    throw ruined("GIF", isCut ? cutOff(bytes) : cannotHold(packed.length, width, height));
  }
  if (isCut) onDamage(damageOf("GIF", cutOff(bytes)));
  const indices = new Uint8Array(width * height);
  const filled = unpackLzw(packed, indices, { bits, isHighFirst: false, early: 0 });
  if (filled < indices.length && !isCut) {
    onDamage(damageOf("GIF", TOO_FEW));
  }
  const picture = new ImageData(...screen);
  const colours = new Uint32Array(picture.data.buffer);
  const rgba = rgbaOf(palette);
  colours.fill(rgba[0] & TRANSPARENT);
  if (frame.clear !== undefined) rgba[frame.clear] &= TRANSPARENT;
  let from = 0;
  for (const row of rowsOf(frame)) {
    const to = (top + row) * screen[0] + left;
    for (let x = 0; x < width; x++) colours[to + x] = rgba[indices[from++]];
  }
  return picture;
}

/** A pixel's colour without its alpha. */
const TRANSPARENT = new Uint32Array(Uint8Array.of(255, 255, 255, 0).buffer)[0];

/** Opaque pixels for all colour indices; black beyond the palette. */
function rgbaOf(palette: Uint8Array): Uint32Array {
  const rgba = new Uint8Array(4 * 256);
  for (let colour = 0; colour < 256; colour++) {
    for (let c = 0; c < 3; c++) rgba[4 * colour + c] = palette[3 * colour + c] ?? 0;
    rgba[4 * colour + 3] = 255;
  }
  return new Uint32Array(rgba.buffer);
}

/** The first frame; undefined if the file ends before its pixels. */
function findFrame(bytes: Uint8Array): Frame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 13) return undefined;
  const [palette, first] = paletteAt(bytes, 13, bytes[10]);
  let clear: number | undefined;
  for (let at = first; at + 10 <= bytes.length;) {
    if (bytes[at] === EXTENSION) {
      if (bytes[at + 1] === CONTROL) clear = bytes[at + 3] & 1 ? bytes[at + 6] : undefined;
      at += 2;
      while (bytes[at] > 0) at += 1 + bytes[at];
      at++;
    } else if (bytes[at] === FRAME) {
      const flags = bytes[at + 9];
      const [own, start] = paletteAt(bytes, at + 10, flags);
      if (start >= bytes.length) return undefined;
      const [left, top, width, height] = [1, 3, 5, 7].map((i) => view.getUint16(at + i, true));
      return {
        left,
        top,
        width,
        height,
        isInterlaced: (flags & 0x40) !== 0,
        palette: own.length > 0 ? own : palette,
        ...(clear === undefined ? {} : { clear }),
        start,
      };
    } else {
      throw ruined("GIF", `there is no block at byte ${at}`);
    }
  }
}

/** The palette, if the flags announce one, and the offset of its end. */
function paletteAt(bytes: Uint8Array, at: number, flags: number): [Uint8Array, number] {
  const end = at + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  return [bytes.subarray(at, end), end];
}

/** The contents of consecutive blocks, each preceded by its length. */
function joinBlocks(
  bytes: Uint8Array,
  start: number,
): { readonly packed: Uint8Array; readonly isCut: boolean } {
  const packed = new Uint8Array(bytes.length - start);
  let length = 0;
  for (let at = start; at < bytes.length; at += 1 + bytes[at]) {
    const block = bytes.subarray(at + 1, at + 1 + bytes[at]);
    if (bytes[at] === 0) return { packed: packed.subarray(0, length), isCut: false };
    packed.set(block, length);
    length += block.length;
  }
  return { packed: packed.subarray(0, length), isCut: true };
}

/** Rows in stored order. */
function* rowsOf({ height, isInterlaced }: Frame): Generator<number, void, void> {
  for (const [first, step] of isInterlaced ? PASSES : [[0, 1]]) {
    for (let row = first; row < height; row += step) yield row;
  }
}
