/** Decodes BMP files. */
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { cutOff, damageOf, ruined, unknownKind } from "./damage.ts";

/** Compressions by BMP's numbers. */
const [PLAIN, RUNS_OF_8, RUNS_OF_4, MASKS, MASKS_WITH_ALPHA] = [0, 1, 2, 3, 6];

/** Bytes of the file's header, which precedes the image's. */
const FILE_HEADER = 14;

/** Bytes of the oldest header, OS/2's, and of the one that all others begin with. */
const [CORE, INFO] = [12, 40];

/** Offset of the masks of red, green, blue and alpha, which follow a header or are part of a longer one. */
const MASKS_AT = FILE_HEADER + INFO;

/** The header. */
interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  /** Bits per pixel. */
  readonly bits: number;
  readonly compression: number;
  /** Offset of the pixels. */
  readonly offset: number;
  /** Blue, green and red of each colour, padded to `perColour` bytes. */
  readonly palette: Uint8Array;
  readonly perColour: number;
  /** Bit masks of red, green, blue and alpha. */
  readonly masks: readonly number[];
}

/**
 * Decodes a BMP file. A truncated file gives its available rows. Throws InputError if there are none, and
 * for BMP files that embed another format.
 */
export function decodeBmp(bytes: Uint8Array, onDamage: OnDamage): ImageData {
  const header = readHeader(bytes);
  const { width, height, compression, bits, offset } = header;
  const isPlain = compression !== RUNS_OF_8 && compression !== RUNS_OF_4;
  const stride = isPlain ? 4 * Math.ceil(width * bits / 32) : width;
  let pixels = bytes.subarray(offset, offset + stride * height);
  if (!isPlain) {
    const unpacked = unpackRuns(bytes.subarray(offset), header);
    pixels = unpacked.indices;
    if (unpacked.isCut) onDamage(damageOf("BMP", cutOff(bytes)));
  }
  const rows = Math.min(height, Math.floor(pixels.length / stride));
  if (rows === 0) throw ruined("BMP", cutOff(bytes));
  if (rows < height) onDamage(damageOf("BMP", cutOff(bytes)));
  const picture = new ImageData(width, height);
  const paint = isPlain && bits > 8 ? colourPainter(header) : palettePainter(header, isPlain);
  for (let row = 0; row < rows; row++) {
    const to = header.isTopDown ? row : height - 1 - row;
    paint(
      pixels.subarray(row * stride, (row + 1) * stride),
      picture.data.subarray(4 * width * to, 4 * width * (to + 1)),
    );
  }
  return picture;
}

function readHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length >= FILE_HEADER + CORE ? view.getUint32(FILE_HEADER, true) : 0;
  if (bytes.length < FILE_HEADER + Math.max(CORE, Math.min(size, INFO))) {
    throw ruined("BMP", cutOff(bytes));
  }
  const isCore = size === CORE;
  if (!isCore && size < INFO) throw unknownKind("BMP", `a header of ${size} bytes`);
  const [width, tall, bits] = isCore
    ? [view.getUint16(18, true), view.getUint16(20, true), view.getUint16(24, true)]
    : [view.getInt32(18, true), view.getInt32(22, true), view.getUint16(28, true)];
  const height = Math.abs(tall);
  checkPictureSize(width, height);
  const compression = isCore ? PLAIN : view.getUint32(30, true);
  const isMasked = compression === MASKS || compression === MASKS_WITH_ALPHA;
  const depths: Readonly<Record<number, readonly number[]>> = {
    [PLAIN]: [1, 4, 8, 16, 24, 32],
    [RUNS_OF_8]: [8],
    [RUNS_OF_4]: [4],
    [MASKS]: [16, 32],
    [MASKS_WITH_ALPHA]: [16, 32],
  };
  if (!depths[compression]?.includes(bits)) {
    throw unknownKind("BMP", `${bits} bits, compression ${compression}`);
  }
  let masks = bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
  let paletteAt = FILE_HEADER + size;
  if (isMasked) {
    const hasAlpha = compression === MASKS_WITH_ALPHA || size >= INFO + 16;
    const count = hasAlpha ? 4 : 3;
    if (bytes.length < MASKS_AT + 4 * count) throw ruined("BMP", cutOff(bytes));
    masks = Array.from({ length: count }, (_, i) => view.getUint32(MASKS_AT + 4 * i, true));
    paletteAt = Math.max(paletteAt, MASKS_AT + 4 * count);
  }
  const perColour = isCore ? 3 : 4;
  const colours = bits > 8 ? 0 : !isCore && view.getUint32(46, true) || 2 ** bits;
  return {
    width,
    height,
    isTopDown: tall < 0,
    bits,
    compression,
    offset: view.getUint32(10, true),
    palette: bytes.subarray(paletteAt, paletteAt + perColour * Math.min(256, colours)),
    perColour,
    masks,
  };
}

/** Writes a row of colours as RGBA. */
type Painter = (row: Uint8Array, to: ImageDataArray) => void;

function palettePainter(
  { bits, palette, perColour, width }: BmpHeader,
  isPacked: boolean,
): Painter {
  const depth = isPacked ? bits : 8;
  const mask = (1 << depth) - 1;
  return (row, to) => {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const colour = perColour * (row[bit >> 3] >> (8 - depth - (bit & 7)) & mask);
      for (let c = 0; c < 3; c++) to[4 * x + c] = palette[colour + 2 - c] ?? 0;
      to[4 * x + 3] = 255;
    }
  };
}

function colourPainter({ bits, masks, width }: BmpHeader): Painter {
  const step = bits >> 3;
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  return (row, to) => {
    for (let x = 0; x < width; x++) {
      let pixel = 0;
      for (let i = step - 1; i >= 0; i--) pixel = pixel << 8 | row[step * x + i];
      to[4 * x + 3] = 255;
      for (let c = 0; c < channels.length; c++) {
        const { mask, shift, most } = channels[c];
        if (most > 0) to[4 * x + c] = Math.floor(((pixel & mask) >>> shift) * 255 / most);
      }
    }
  };
}

/** Colour indices, one byte each, from runs. */
function unpackRuns(
  packed: Uint8Array,
  { width, height, compression }: BmpHeader,
): { readonly indices: Uint8Array; readonly isCut: boolean } {
  const indices = new Uint8Array(width * height);
  const isOf4 = compression === RUNS_OF_4;
  let [x, y] = [0, 0];
  /** Writes the given number of pixels; those beyond the row are dropped. */
  const put = (count: number, indexOf: (i: number) => number) => {
    const fitting = Math.min(count, width - x);
    for (let i = 0; i < fitting; i++) indices[y * width + x + i] = indexOf(i);
    x += count;
  };
  for (let at = 0; y < height;) {
    if (at + 1 >= packed.length) return { indices, isCut: true };
    const [count, what] = [packed[at++], packed[at++]];
    if (count > 0) {
      put(count, (i) => isOf4 ? what >> (i % 2 ? 0 : 4) & 15 : what);
    } else if (what === 0) {
      [x, y] = [0, y + 1];
    } else if (what === 1) {
      break;
    } else if (what === 2) {
      if (at + 1 >= packed.length) return { indices, isCut: true };
      x += packed[at++];
      y += packed[at++];
    } else {
      const length = isOf4 ? (what + 1) >> 1 : what;
      if (at + length > packed.length) return { indices, isCut: true };
      const start = at;
      put(
        what,
        (i) => isOf4 ? packed[start + (i >> 1)] >> (i % 2 ? 0 : 4) & 15 : packed[start + i],
      );
      at += length + length % 2;
    }
  }
  return { indices, isCut: false };
}
