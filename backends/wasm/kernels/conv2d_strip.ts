/** Strips: the rows of an image that a band of positions reads, with the padding in place. */

import {
  type AnyFunction,
  f32x4,
  i32,
  type Local,
  memory,
  select,
  v128,
} from "../../../assembler/mod.ts";
import { type AxisPlan, type Bands, planBands } from "./conv2d_plan.ts";

export interface StripPlan {
  readonly rows: AxisPlan;
  readonly columns: AxisPlan;
  readonly bands: Bands;
  /** Bytes of a pixel, in the image and in the strip. */
  readonly pixelBytes: number;
  /** Bytes of a row of the image, and of the image. */
  readonly imageRowBytes: number;
  readonly imageBytes: number;
}

/** Bytes of a strip that stays in the L2 cache next to the kernel. Bench: `bench/layers.ts`. */
export const CACHED_BYTES = 1 << 17;

/**
 * The strips of images [height, width], split into bands that `fits` accepts; default: those whose
 * strip stays in the cache. See {@link planBands}.
 */
export function planStrip(
  { rows, columns, size: [height, width], pixelBytes }: {
    readonly rows: AxisPlan;
    readonly columns: AxisPlan;
    readonly size: readonly number[];
    readonly pixelBytes: number;
  },
  { images, threads }: { readonly images: number; readonly threads: number },
  fits = (_rows: number, stripRows: number) =>
    stripRows * columns.source.length * pixelBytes <= CACHED_BYTES,
): StripPlan {
  return {
    rows,
    columns,
    bands: planBands(rows, images, threads, fits),
    pixelBytes,
    imageRowBytes: width * pixelBytes,
    imageBytes: height * width * pixelBytes,
  };
}

/** Whether the image itself serves as the strip. */
function isDirect({ rows, columns }: StripPlan): boolean {
  return rows.direct && columns.direct;
}

export function stripRowBytes(strip: StripPlan): number {
  return isDirect(strip) ? strip.imageRowBytes : strip.columns.source.length * strip.pixelBytes;
}

/** Bytes of memory that a thread needs for a strip. */
export function stripBytes(strip: StripPlan): number {
  return isDirect(strip) ? 0 : strip.bands.stripRows * stripRowBytes(strip);
}

/**
 * Writes the code that makes a band's strip and sets `strip` to its address.
 *
 * @param image address of the image
 * @param band number of the band in the image
 * @param rowTable address of the rows' sources, `rows.source` as i32
 * @param scratch address of the thread's memory for the strip
 */
export function emitStrip(
  f: AnyFunction,
  plan: StripPlan,
  strip: Local<"i32">,
  image: Local<"i32">,
  band: Local<"i32">,
  rowTable: Local<"i32">,
  scratch: Local<"i32">,
): void {
  const { rows, bands, imageRowBytes } = plan;
  const rowsPerBand = bands.rows * rows.positionStep;
  if (isDirect(plan)) {
    f.set(strip, i32.add(image, i32.mul(band, rowsPerBand * imageRowBytes)));
    return;
  }
  const rowBytes = stripRowBytes(plan);
  const place = f.i32(), end = f.i32(), last = f.i32(), source = f.i32(), to = f.i32();
  f.set(strip, scratch);
  f.set(to, scratch);
  f.set(place, i32.mul(band, rowsPerBand));
  f.set(end, i32.add(place, bands.stripRows));
  f.set(last, rows.source.length);
  f.set(end, select("i32", i32.ltU(end, last), end, last));
  f.loop(place, place, end, 1, () => {
    f.set(source, i32.load(i32.add(rowTable, i32.mul(place, 4))));
    f.if(
      i32.ltS(source, 0),
      () => f.emit(memory.fill(to, 0, rowBytes)),
      () => {
        f.set(source, i32.add(image, i32.mul(source, imageRowBytes)));
        emitRow(f, plan, source, to);
      },
    );
    f.increment(to, rowBytes);
  });
}

/** A part of a strip row: consecutive pixels of the image, or (`from` = -1) zeros. */
interface Segment {
  readonly from: number;
  readonly to: number;
  length: number;
}

/** Maximum vectors copied one by one, else in bulk. Bench: `bench/layers.ts --only 128x3x32`. */
const UNROLLED_VECTORS = 16;

/** Writes the copy of an image row, at `source`, into a strip row, at `to`. */
function emitRow(
  f: AnyFunction,
  { columns, pixelBytes }: StripPlan,
  source: Local<"i32">,
  to: Local<"i32">,
): void {
  for (const { from, to: place, length } of segmentsOf(columns.source)) {
    const bytes = length * pixelBytes;
    const start = place * pixelBytes;
    if (bytes > 16 * UNROLLED_VECTORS) {
      const address = i32.add(to, start);
      f.emit(
        from < 0
          ? memory.fill(address, 0, bytes)
          : memory.copy(address, i32.add(source, from * pixelBytes), bytes),
      );
      continue;
    }
    for (let at = 0; at < bytes; at += 16) {
      const value = from < 0 ? f32x4.constant(0) : v128.load(source, from * pixelBytes + at);
      f.emit(v128.store(to, value, start + at));
    }
  }
}

/** The parts of a strip row, in order. */
function segmentsOf(source: Int32Array): Segment[] {
  const segments: Segment[] = [];
  source.forEach((from, to) => {
    const last = segments.at(-1);
    const follows = last &&
      (from < 0 ? last.from < 0 : last.from >= 0 && from === last.from + last.length);
    if (last && follows) last.length++;
    else segments.push({ from, to, length: 1 });
  });
  return segments;
}

/** Writes a loop over the bands of a share; sets image and band numbers for each. */
export function forEachBand(
  f: AnyFunction,
  { bands }: StripPlan,
  { first, end }: { readonly first: Local<"i32">; readonly end: Local<"i32"> },
  body: (image: Local<"i32">, band: Local<"i32">) => void,
): void {
  const item = f.i32(), image = f.i32(), band = f.i32();
  f.loop(item, first, end, 1, () => {
    f.set(image, bands.count === 1 ? item : i32.divU(item, bands.count));
    f.set(band, i32.sub(item, i32.mul(image, bands.count)));
    body(image, band);
  });
}

/**
 * Writes `body` for a band's rows of positions, of `positions` in all; `rows` is set to their
 * number. Skipped if there are none.
 */
export function withBandRows(
  f: AnyFunction,
  { bands }: StripPlan,
  positions: number,
  band: Local<"i32">,
  body: (rows: Local<"i32">) => void,
): void {
  const rows = f.i32(), most = f.i32();
  f.set(rows, i32.sub(positions, i32.mul(band, bands.rows)));
  f.set(most, bands.rows);
  f.set(rows, select("i32", i32.gtS(rows, most), most, rows));
  f.if(i32.gtS(rows, 0), () => body(rows));
}
