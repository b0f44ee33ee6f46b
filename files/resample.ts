/** Scales images, bit-identically to PIL. */
import { compiled, Machine } from "./machine.ts";
import { emptyRaster, type Part, type Raster, requireRasterSize } from "./raster.ts";
import { addResample, PRECISION, type ResampleFunctions } from "./resample_code.ts";

/** The interpolation methods. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** A filter: its radius, in pixels of the smaller image, and its weight at a distance. */
interface Filter {
  readonly radius: number;
  weight(distance: number): number;
}

const FILTERS: Readonly<Record<Exclude<Interpolation, "nearest">, Filter>> = {
  bilinear: { radius: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: {
    radius: 2,
    weight(distance) {
      const a = -0.5;
      const x = Math.abs(distance);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
};

/**
 * Part of an image, which it must not exceed, scaled to `height` × `width`. A filter widens if the image
 * shrinks. Columns are scaled first; values are rounded to bytes both times.
 */
export function resample(
  picture: Raster,
  part: Part,
  { height, width }: { readonly height: number; readonly width: number },
  interpolation: Interpolation,
): Raster {
  if (interpolation === "nearest") return pickNearest(picture, part, height, width);
  requireRasterSize(part.height, width);
  requireRasterSize(height, width);
  const { channels, data } = picture;
  const filter = FILTERS[interpolation];
  const columns = tapsOf(part.width, width, filter);
  const rows = part.height === height ? new Int32Array() : tapsOf(part.height, height, filter);
  // In memory: the taps of columns and rows, the part, and the two images made of it.
  const [stride, length] = [part.width * channels, width * channels];
  const at = placesOf([
    columns.byteLength,
    rows.byteLength,
    part.height * stride,
    part.height * length,
    height * length,
  ]);
  const machine = scaler ??= new Machine(module ??= compiled(addResample));
  if (at.end >= LARGE) scaler = undefined;
  const memory = machine.bytes(at.end);
  const [columnTaps, rowTaps, from, between, to] = at.places;
  new Int32Array(memory.buffer, columnTaps).set(columns);
  new Int32Array(memory.buffer, rowTaps).set(rows);
  for (let row = 0; row < part.height; row++) {
    const start = ((part.top + row) * picture.width + part.left) * channels;
    memory.set(data.subarray(start, start + stride), from + row * stride);
  }
  const { functions } = machine;
  // The last four channels first: bytes written after a pixel are overwritten by the next four.
  for (let c = 4 * Math.floor((channels - 1) / 4); c >= 0; c -= 4) {
    functions.columns(
      from + c,
      stride,
      part.height,
      between + c,
      width,
      channels,
      columnTaps,
    );
  }
  if (rows.length > 0) functions.rows(between, length, to, height, rowTaps);
  const result = rows.length > 0 ? to : between;
  return { height, width, channels, data: memory.slice(result, result + height * length) };
}

/** Bytes of memory above which it is released. */
const LARGE = 1 << 25;
/** Bytes that vector accesses may reach beyond the end. */
const SLACK = 16;

let module: WebAssembly.Module | undefined;
let scaler: Machine<ResampleFunctions> | undefined;

/** Offsets of consecutive parts of these lengths in bytes, and the end of the last. */
function placesOf(lengths: readonly number[]): { places: number[]; end: number } {
  let end = 0;
  const places = lengths.map((length) => {
    const start = end;
    end += 16 * Math.ceil((length + SLACK) / 16);
    return start;
  });
  return { places, end };
}

/**
 * The taps of each scaled pixel: the first source pixel, their number, then their weights in units of
 * 2^-{@link PRECISION}.
 */
function tapsOf(from: number, to: number, { radius, weight }: Filter): Int32Array {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const reach = radius * widening;
  const most = 2 * Math.ceil(reach) + 1;
  const taps = new Int32Array(to * (most + 2));
  const exact = new Float64Array(most);
  let at = 0;
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(from, Math.trunc(centre + reach + 0.5)) - first;
    let total = 0;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = weight((first + tap + 0.5 - centre) / widening);
      total += exact[tap];
    }
    taps[at++] = first;
    taps[at++] = count;
    for (let tap = 0; tap < count; tap++) {
      const scaled = exact[tap] / total * 2 ** PRECISION;
      taps[at++] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    }
  }
  return taps.subarray(0, at);
}

function pickNearest(picture: Raster, part: Part, height: number, width: number): Raster {
  const { channels, data } = picture;
  const scaled = emptyRaster(height, width, channels);
  const columns = nearestOf(part.width, width);
  let to = 0;
  for (const row of nearestOf(part.height, height)) {
    const start = (part.top + row) * picture.width + part.left;
    for (const column of columns) {
      const from = (start + column) * channels;
      for (let channel = 0; channel < channels; channel++) scaled.data[to++] = data[from + channel];
    }
  }
  return scaled;
}

/** The nearest source pixel of each; steps are accumulated like in PIL, which decides ties. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to;
  const nearest = new Int32Array(to);
  for (let i = 0, place = step / 2; i < to; i++, place += step) nearest[i] = Math.floor(place);
  return nearest;
}
