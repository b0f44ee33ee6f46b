/** PNG files of any kind, made from samples. */
import { crc32, deflateSync } from "node:zlib";

/** The kind of a PNG file's pixels. */
export interface PngKind {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** PNG's colour type. */
  readonly colour: 0 | 2 | 3 | 4 | 6;
  readonly isInterlaced?: boolean;
}

/** Colour types with their samples per pixel and bit depths. */
export const PNG_KINDS = [
  { colour: 0, samples: 1, depths: [1, 2, 4, 8, 16] },
  { colour: 2, samples: 3, depths: [8, 16] },
  { colour: 3, samples: 1, depths: [1, 2, 4, 8] },
  { colour: 4, samples: 2, depths: [8, 16] },
  { colour: 6, samples: 4, depths: [8, 16] },
] as const;

/** A chunk with its length and checksum. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(content, 8);
  view.setUint32(8 + content.length, crc32(chunk.subarray(4, -4)));
  return chunk;
}

/** A file of these chunks. */
export function pngFile(...chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([signature, ...chunks].flatMap((part) => [...part]));
}

/** The IHDR chunk. */
export function pngHeader({ width, height, depth, colour, isInterlaced }: PngKind): Uint8Array {
  const content = new Uint8Array(13);
  const view = new DataView(content.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  content.set([depth, colour, 0, 0, isInterlaced ? 1 : 0], 8);
  return pngChunk("IHDR", content);
}

/** The compressed pixels of these samples; the filter changes from row to row. */
export function pngPixels(kind: PngKind, samples: readonly number[]): Uint8Array<ArrayBuffer> {
  const { width, height, depth, isInterlaced } = kind;
  const perPixel = samples.length / (width * height);
  const passes = isInterlaced
    ? [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
      0,
      1,
      1,
      2,
    ]]
    : [[0, 0, 1, 1]];
  const bytes: number[] = [];
  for (const [x0, y0, stepX, stepY] of passes) {
    let above: number[] = [];
    for (let y = y0; y < height && x0 < width; y += stepY) {
      const row: number[] = [];
      for (let x = x0; x < width; x += stepX) {
        row.push(...samples.slice((y * width + x) * perPixel, (y * width + x + 1) * perPixel));
      }
      const bits = row.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
      const packed = (bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
      const filter = (y + stepX) % 5;
      bytes.push(filter, ...filtered(packed, above, filter, Math.max(1, perPixel * depth / 8)));
      above = packed;
    }
  }
  return new Uint8Array(deflateSync(Uint8Array.from(bytes)));
}

function filtered(row: number[], above: number[], filter: number, distance: number): number[] {
  return row.map((byte, i) => {
    const [left, up, corner] = [row[i - distance] ?? 0, above[i] ?? 0, above[i - distance] ?? 0];
    const estimate = left + up - corner;
    const paeth = [left, up, corner]
      .toSorted((a, b) => Math.abs(estimate - a) - Math.abs(estimate - b))[0];
    return (byte - [0, left, up, (left + up) >> 1, paeth][filter]) & 255;
  });
}
