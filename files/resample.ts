/** Pictures scaled as PIL scales them, to the bit. */
import { emptyRaster, type Part, type Raster } from "./raster.ts";

/** How pixels between pixels are computed. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** A filter: how far it reaches, in pixels of the smaller picture, and its weight there. */
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

/** Weights are whole numbers of 2^-22, so that sums of bytes stay below 2^31. */
const PRECISION = 22;

/**
 * Part of a picture, which lies in it, scaled to `height` × `width`. A filter widens when the picture
 * shrinks. Columns are scaled first; both times values are rounded to bytes.
 */
export function resample(
  picture: Raster,
  part: Part,
  { height, width }: { readonly height: number; readonly width: number },
  interpolation: Interpolation,
): Raster {
  if (interpolation === "nearest") return pickNearest(picture, part, height, width);
  const filter = FILTERS[interpolation];
  const { channels } = picture;
  const rows = emptyRaster(part.height, width, channels);
  scaleColumns(picture, part, rows, tapsOf(part.width, width, filter));
  if (part.height === height) return rows;
  const scaled = emptyRaster(height, width, channels);
  scaleRows(rows, scaled, tapsOf(part.height, height, filter));
  return scaled;
}

/** Which pixels make each scaled one: `counts[i]` from `firsts[i]` on, by `most` weights each. */
interface Taps {
  readonly firsts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  readonly most: number;
}

function tapsOf(from: number, to: number, { radius, weight }: Filter): Taps {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const reach = radius * widening;
  const most = 2 * Math.ceil(reach) + 1;
  const firsts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * most);
  const exact = new Float64Array(most);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(from, Math.trunc(centre + reach + 0.5)) - first;
    let total = 0;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = weight((first + tap + 0.5 - centre) / widening);
      total += exact[tap];
    }
    for (let tap = 0; tap < count; tap++) {
      const scaled = exact[tap] / total * 2 ** PRECISION;
      weights[i * most + tap] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    }
    firsts[i] = first;
    counts[i] = count;
  }
  return { firsts, counts, weights, most };
}

const HALF = 1 << (PRECISION - 1);

/** A sum of weighted bytes as a byte. */
function toByte(sum: number): number {
  const value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function scaleColumns(
  { data, width, channels }: Raster,
  part: Part,
  { data: scaled, width: to }: Raster,
  { firsts, counts, weights, most }: Taps,
): void {
  let at = 0;
  for (let row = 0; row < part.height; row++) {
    const start = ((part.top + row) * width + part.left) * channels;
    for (let column = 0; column < to; column++) {
      const first = start + firsts[column] * channels;
      const end = column * most + counts[column];
      if (channels === 3) {
        let [red, green, blue] = [HALF, HALF, HALF];
        for (let tap = column * most, from = first; tap < end; tap++, from += 3) {
          const weight = weights[tap];
          red = (red + Math.imul(weight, data[from])) | 0;
          green = (green + Math.imul(weight, data[from + 1])) | 0;
          blue = (blue + Math.imul(weight, data[from + 2])) | 0;
        }
        scaled[at++] = toByte(red);
        scaled[at++] = toByte(green);
        scaled[at++] = toByte(blue);
      } else {
        for (let channel = 0; channel < channels; channel++) {
          let sum = HALF;
          for (let tap = column * most, from = first + channel; tap < end; tap++) {
            sum = (sum + Math.imul(weights[tap], data[from])) | 0;
            from += channels;
          }
          scaled[at++] = toByte(sum);
        }
      }
    }
  }
}

function scaleRows(
  { data, width, channels }: Raster,
  { data: scaled, height }: Raster,
  { firsts, counts, weights, most }: Taps,
): void {
  const length = width * channels;
  const sums = new Int32Array(length);
  for (let row = 0; row < height; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < counts[row]; tap++) {
      const weight = weights[row * most + tap];
      const start = (firsts[row] + tap) * length;
      for (let i = 0; i < length; i++) {
        sums[i] = (sums[i] + Math.imul(weight, data[start + i])) | 0;
      }
    }
    for (let i = 0; i < length; i++) scaled[row * length + i] = toByte(sums[i]);
  }
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

/** The nearest pixel of each; steps are added up as PIL does, which decides ties. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to;
  const nearest = new Int32Array(to);
  for (let i = 0, place = step / 2; i < to; i++, place += step) nearest[i] = Math.floor(place);
  return nearest;
}
