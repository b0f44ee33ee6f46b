/** Blurs images like torchvision. */
import { emptyRaster, type Raster } from "../../files/raster.ts";
import { roundHalfEven } from "./draws.ts";

/** An image convolved with a Gaussian of this size and standard deviation, each along x and y. */
export function blurred(
  { height, width, channels, data }: Raster,
  size: readonly [x: number, y: number],
  sigma: readonly [x: number, y: number],
): Raster {
  const result = emptyRaster(height, width, channels);
  const [across, down] = size.map((taps, i) => gaussian(taps, sigma[i]));
  const [columns, rows] = [reflected(width, across.length), reflected(height, down.length)];
  const between = new Float32Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        across.forEach((weight, tap) => {
          sum += weight * data[(y * width + columns[x + tap]) * channels + c];
        });
        between[to] = sum;
      }
    }
  }
  const row = width * channels;
  for (let y = 0, to = 0; y < height; y++) {
    for (let i = 0; i < row; i++, to++) {
      let sum = 0;
      down.forEach((weight, tap) => sum += weight * between[rows[y + tap] * row + i]);
      result.data[to] = roundHalfEven(sum);
    }
  }
  return result;
}

function gaussian(taps: number, sigma: number): Float64Array {
  const middle = (taps - 1) / 2;
  const heights = Float64Array.from(
    { length: taps },
    (_, i) => Math.exp(-0.5 * ((i - middle) / sigma) ** 2),
  );
  const total = heights.reduce((sum, value) => sum + value, 0);
  return heights.map((value) => value / total);
}

/** The row or column of each tap, starting half a kernel before the first. */
function reflected(count: number, taps: number): Int32Array {
  const before = (taps - 1) / 2;
  const period = Math.max(1, 2 * count - 2);
  return Int32Array.from({ length: count + taps - 1 }, (_, i) => {
    const turn = (((i - before) % period) + period) % period;
    return turn < count ? turn : period - turn;
  });
}
