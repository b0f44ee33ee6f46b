/** An image in gray, with its important regions in color. */
import { emptyRaster, luma, type Part, type Raster, toRaster } from "../files/raster.ts";

/** Colors of positions with half and with the largest weight, and their opacity. */
const HALF = [220, 30, 60], MOST = [255, 220, 40], OPAQUE = 0.7;
/** Brightness outside the region that the weights cover. */
const DARK = 0.4;

/** Weights of positions: [height, width], row-major. */
interface Heat {
  readonly height: number;
  readonly width: number;
  /** Negative numbers count as 0. */
  readonly values: ArrayLike<number>;
}

/**
 * Overlays weights on a gray image: nothing where they are 0, red to yellow where they are largest,
 * interpolated between the centers of positions.
 *
 * @param part region of the image that the weights cover; the rest is darkened
 */
export function heatPicture(picture: Raster, heat: Heat, part: Part): Raster {
  const { height, width, data: from } = toRaster(picture, 3);
  const most = Math.max(Number.MIN_VALUE, ...Array.from(heat.values));
  const heated = emptyRaster(height, width, 3);
  const across = Array.from(
    { length: width },
    (_, x) => between((x + 0.5 - part.left) / part.width, heat.width),
  );
  for (let y = 0, i = 0; y < height; y++) {
    const down = between((y + 0.5 - part.top) / part.height, heat.height);
    for (let x = 0; x < width; x++, i += 3) {
      const columns = across[x];
      const grey = luma(from[i], from[i + 1], from[i + 2]);
      if (!down || !columns) {
        heated.data.fill(DARK * grey, i, i + 3);
        continue;
      }
      const row = (place: number) => {
        const value = (column: number) =>
          Math.max(0, heat.values[place * heat.width + column]) / most;
        return mixed(value(columns.first), value(columns.second), columns.share);
      };
      const strength = mixed(row(down.first), row(down.second), down.share);
      for (let c = 0; c < 3; c++) {
        const colour = mixed(HALF[c], MOST[c], Math.max(0, 2 * strength - 1));
        heated.data[i + c] = Math.round(mixed(grey, colour, OPAQUE * Math.min(1, 2 * strength)));
      }
    }
  }
  return heated;
}

/** The positions next to a fraction of the way, and the share of the second; undefined outside. */
function between(fraction: number, count: number) {
  if (fraction < 0 || fraction > 1) return undefined;
  const at = Math.max(0, Math.min(count - 1, fraction * count - 0.5));
  const first = Math.floor(at);
  return { first, second: Math.min(first + 1, count - 1), share: at - first };
}

function mixed(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
