/** Decodes PNG files, bit-identically here and in a browser. */
import { formatCount } from "../../reporting/format.ts";
import { sum } from "../../reporting/statistics.ts";
import { type Turn, turnOf } from "../orientation.ts";
import type { OnDamage } from "../pixels.ts";
import { BROKEN, damageOf, ruined, TOO_FEW } from "./damage.ts";
import { EXPANSION, inflate } from "./inflate.ts";
import { COLOUR, type PngParts, takePngApart } from "./png_chunks.ts";

/** Samples per pixel, by colour type. */
const SAMPLES: Readonly<Record<number, number>> = {
  [COLOUR.grey]: 1,
  [COLOUR.rgb]: 3,
  [COLOUR.palette]: 1,
  [COLOUR.greyAlpha]: 2,
  [COLOUR.rgbAlpha]: 4,
};

/** First column and row of each pass of an interlaced image, and the steps between. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A stored row of pixels: pixels `from`, `from + step`, … of the upright image. */
interface Row {
  readonly from: number;
  readonly step: number;
  readonly pixels: number;
  /** Whether it is the first row of its pass. */
  readonly isFirst: boolean;
}

/**
 * Decodes a PNG file to an upright image; 16-bit samples lose their lower 8 bits. A damaged file is
 * decoded as far as possible, with zeros for the rest. Throws InputError if nothing can be decoded.
 */
export async function decodePng(
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
): Promise<ImageData> {
  const parts = takePngApart(bytes);
  const { width, height, orientation } = parts;
  const length = sum(parts.data.map(({ length }) => length));
  if (width * height * bitsOf(parts) > 8 * EXPANSION * length) {
    const cause = parts.damage ??
      `its ${formatCount(length)} bytes of pixels cannot be ${formatCount(width)} × ` +
        `${formatCount(height)} of them`;
    throw ruined("PNG", cause);
  }
  const tell = (damage: string) => onDamage(damageOf("PNG", damage));
  if (parts.damage !== undefined) tell(parts.damage);
  const turn = turnOf(width, height, orientation);
  const picture = new ImageData(turn.width, turn.height);
  const { rows, damage } = await readRows(parts, turn, picture.data);
  if (rows === 0) throw ruined("PNG", parts.damage ?? damage ?? "it contains no pixels");
  if (damage !== undefined && parts.damage === undefined) tell(damage);
  return picture;
}

/** Decodes into RGBA `data`. Returns the number of decoded rows and the damage. */
async function readRows(
  parts: PngParts,
  turn: Turn,
  data: ImageDataArray,
): Promise<{ rows: number; damage?: string }> {
  const bits = bitsOf(parts);
  const distance = Math.max(1, bits >> 3);
  const paint = painter(parts, data);
  const plan = rowsOf(parts, turn);
  let row = plan.next().value;
  let rows = 0;
  /** A row's filter and bytes, and those of the row above. */
  let [line, above] = [new Uint8Array(), new Uint8Array()];
  let filled = 0;
  const start = ({ pixels, isFirst }: Row) => {
    const newRow = () => new Uint8Array(1 + Math.ceil(pixels * bits / 8));
    [line, above] = isFirst ? [newRow(), newRow()] : [above, line];
    filled = 0;
  };
  if (row) start(row);
  try {
    for await (const piece of inflate(parts.data)) {
      for (let at = 0; at < piece.length;) {
        // Extra data is harmless.
        if (!row) return { rows };
        const part = piece.subarray(at, at + line.length - filled);
        line.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < line.length) continue;
        if (!unfilter(line, above, distance)) {
          return { rows, damage: BROKEN };
        }
        paint(line, row);
        rows++;
        row = plan.next().value;
        if (row) start(row);
      }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { rows, damage: BROKEN };
  }
  return row ? { rows, damage: TOO_FEW } : { rows };
}

/** Bits per pixel. */
function bitsOf({ colour, depth }: PngParts): number {
  return SAMPLES[colour] * depth;
}

/** Rows in stored order. */
function* rowsOf(
  { width, height, isInterlaced }: PngParts,
  { first, right, down }: Turn,
): Generator<Row, undefined, void> {
  for (const [x, y, stepX, stepY] of isInterlaced ? PASSES : [[0, 0, 1, 1]]) {
    const pixels = Math.ceil((width - x) / stepX);
    if (pixels <= 0) continue;
    for (let at = y; at < height; at += stepY) {
      const from = first + at * down + x * right;
      yield { from, step: stepX * right, pixels, isFirst: at === y };
    }
  }
}

/** Undoes a row's filter in place; false for an unknown filter. */
function unfilter(line: Uint8Array, above: Uint8Array, distance: number): boolean {
  const filter = line[0];
  for (let i = 1; i < line.length; i++) {
    const left = i > distance ? line[i - distance] : 0;
    const up = above[i];
    if (filter === 1) line[i] += left;
    else if (filter === 2) line[i] += up;
    else if (filter === 3) line[i] += (left + up) >> 1;
    else if (filter === 4) line[i] += nearest(left, up, i > distance ? above[i - distance] : 0);
  }
  return filter <= 4;
}

/** Paeth's predictor. */
function nearest(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** Writes a row's pixels into RGBA `data`. */
function painter(
  { depth, colour, palette, transparency }: PngParts,
  data: ImageDataArray,
): (line: Uint8Array, row: Row) => void {
  const samples = SAMPLES[colour];
  const hasAlpha = colour === COLOUR.greyAlpha || colour === COLOUR.rgbAlpha;
  const colours = hasAlpha ? samples - 1 : samples;
  /** Sample `i` of a row, as stored. */
  const sampleOf = (line: Uint8Array, i: number): number => {
    if (depth === 8) return line[1 + i];
    if (depth === 16) return line[1 + 2 * i] << 8 | line[2 + 2 * i];
    const bit = i * depth;
    return line[1 + (bit >> 3)] >> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
  };
  const toByte = (sample: number) =>
    depth === 16 ? sample >> 8 : depth === 8 ? sample : sample * 255 / ((1 << depth) - 1);
  /** The transparent colour. */
  const clear = colour !== COLOUR.palette && transparency.length === 2 * samples
    ? Array.from(
      { length: samples },
      (_, i) => (transparency[2 * i] << 8 | transparency[2 * i + 1]) & ((1 << depth) - 1),
    )
    : undefined;
  return (line, { from, step, pixels }) => {
    for (let pixel = 0, to = 4 * from; pixel < pixels; pixel++, to += 4 * step) {
      const at = samples * pixel;
      if (colour === COLOUR.palette) {
        const index = sampleOf(line, at);
        for (let c = 0; c < 3; c++) data[to + c] = palette[3 * index + c] ?? 0;
        data[to + 3] = transparency[index] ?? 255;
        continue;
      }
      for (let c = 0; c < 3; c++) {
        data[to + c] = toByte(sampleOf(line, at + Math.min(c, colours - 1)));
      }
      const isClear = clear?.every((value, i) => sampleOf(line, at + i) === value);
      data[to + 3] = hasAlpha ? toByte(sampleOf(line, at + colours)) : isClear ? 0 : 255;
    }
  };
}
