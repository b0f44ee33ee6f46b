/** Colour changes, bit-identical to PIL's. */
import { emptyRaster, luma, type Raster } from "../../files/raster.ts";

const { fround, imul } = Math;

/** Maps every value through a table of 256, shared or one per channel. */
function mapped(picture: Raster, ...tables: readonly Uint8Array[]): Raster {
  const { height, width, channels, data } = picture;
  const result = emptyRaster(height, width, channels);
  for (let i = 0; i < data.length; i++) result.data[i] = tables[i % tables.length][data[i]];
  return result;
}

/** A table of 256 bytes. */
function tableOf(value: (level: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, level) => value(level));
}

/** Interpolates from `low` (factor 0) to `level` (1) and beyond, clamped to a byte. */
function blend(low: number, level: number, factor: number): number {
  const value = fround(low + fround(fround(factor) * (level - low)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

/** Darker below 1, brighter above. */
export function brightened(picture: Raster, factor: number): Raster {
  return mapped(picture, tableOf((level) => blend(0, level, factor)));
}

/** Nearer to the mean luma below 1, farther from it above. */
export function contrasted(picture: Raster, factor: number): Raster {
  const grey = picture.channels === 3 ? greyed(picture).data : picture.data;
  const step = picture.channels;
  let sum = 0;
  for (let i = 0; i < grey.length; i += step) sum += grey[i];
  const mean = Math.trunc(sum * step / grey.length + 0.5);
  return mapped(picture, tableOf((level) => blend(mean, level, factor)));
}

/** Greyer below 1, more colourful above. */
export function saturated(picture: Raster, factor: number): Raster {
  return blended(greyed(picture), picture, factor);
}

/** Softer below 1, sharper above. */
export function sharpened(picture: Raster, factor: number): Raster {
  return blended(smoothed(picture), picture, factor);
}

function blended(low: Raster, picture: Raster, factor: number): Raster {
  const { height, width, channels, data } = picture;
  const result = emptyRaster(height, width, channels);
  for (let i = 0; i < data.length; i++) result.data[i] = blend(low.data[i], data[i], factor);
  return result;
}

/** Grey, with the same number of channels. */
export function greyed(picture: Raster): Raster {
  const { height, width, channels, data } = picture;
  if (channels !== 3) return picture;
  const result = emptyRaster(height, width, channels);
  for (let i = 0; i < data.length; i += 3) {
    result.data.fill(luma(data[i], data[i + 1], data[i + 2]), i, i + 3);
  }
  return result;
}

/** The mean of 3 × 3 pixels, the middle one weighted five times; the edges are unchanged. */
function smoothed({ height, width, channels, data }: Raster): Raster {
  const result = { height, width, channels, data: data.slice() };
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * data[i];
      for (let around = i - row; around <= i + row; around += row) {
        sum += data[around - channels] + data[around] + data[around + channels];
      }
      result.data[i] = Math.trunc(sum / 13 + 0.5);
    }
  }
  return result;
}

/** Hues shifted by a fraction of the colour circle, -0.5 to 0.5. */
export function hueTurned(picture: Raster, part: number): Raster {
  const { height, width, channels, data } = picture;
  if (channels !== 3) return picture;
  const turn = Math.trunc(255 * part);
  const result = emptyRaster(height, width, channels);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
    const value = Math.max(red, green, blue);
    const range = value - Math.min(red, green, blue);
    if (range === 0) {
      result.data.fill(value, i, i + 3);
      continue;
    }
    const hue = (hueOf(red, green, blue, value, range) + turn) & 255;
    const saturation = Math.trunc(fround(range / value) * 255);
    setColour(result.data, i, hue, saturation, value);
  }
  return result;
}

function hueOf(red: number, green: number, blue: number, value: number, range: number): number {
  const [r, g, b] = [red, green, blue].map((level) => fround((value - level) / range));
  const sector = red === value ? b - g : green === value ? 2 + r - b : 4 + g - r;
  return Math.trunc(fround((fround(sector) / 6 + 1) % 1) * 255);
}

function setColour(
  data: Uint8Array,
  at: number,
  hue: number,
  saturation: number,
  value: number,
): void {
  const place = hue * 6 / 255;
  const sector = Math.floor(place);
  const rest = fround(place - sector);
  const strength = fround(saturation / 255);
  const rounded = (level: number) => Math.floor(level + 0.5);
  const p = rounded(value * (1 - strength));
  const q = rounded(value * (1 - fround(strength * rest)));
  const t = rounded(value * (1 - strength * (1 - rest)));
  const colours = [[value, t, p], [q, value, p], [p, value, t], [p, q, value], [t, p, value], [
    value,
    p,
    q,
  ]];
  data.set(colours[sector % 6], at);
}

/** Each channel stretched to all 256 levels. */
export function autoContrasted(picture: Raster): Raster {
  return mapped(
    picture,
    ...histograms(picture).map((counts) => {
      const least = counts.findIndex((count) => count > 0);
      const most = counts.findLastIndex((count) => count > 0);
      if (most <= least) return tableOf((level) => level);
      const scale = 255 / (most - least);
      return tableOf((level) =>
        Math.max(0, Math.min(255, Math.trunc(level * scale - least * scale)))
      );
    }),
  );
}

/** Each channel equalized: all levels about equally frequent. */
export function equalized(picture: Raster): Raster {
  const pixels = imul(picture.height, picture.width);
  return mapped(
    picture,
    ...histograms(picture).map((counts) => {
      const last = counts.findLast((count) => count > 0) ?? 0;
      const step = Math.floor((pixels - last) / 255);
      if (step === 0) return tableOf((level) => level);
      let below = step >> 1;
      return tableOf((level) => {
        const value = Math.min(255, Math.floor(below / step));
        below += counts[level];
        return value;
      });
    }),
  );
}

/** Level histogram of each channel. */
function histograms({ channels, data }: Raster): Uint32Array[] {
  const counts = Array.from({ length: channels }, () => new Uint32Array(256));
  data.forEach((level, i) => counts[i % channels][level]++);
  return counts;
}

/** Keeps only the highest bits of each value. */
export function posterized(picture: Raster, bits: number): Raster {
  const mask = 256 - 2 ** (8 - bits);
  return mapped(picture, tableOf((level) => level & mask));
}

/** Inverts values at or above the threshold. */
export function solarized(picture: Raster, threshold: number): Raster {
  return mapped(picture, tableOf((level) => level < threshold ? level : 255 - level));
}

/** All values inverted. */
export function inverted(picture: Raster): Raster {
  return solarized(picture, 0);
}
