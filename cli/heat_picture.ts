/** A picture in grey, with what matters in it in colour. */
import { emptyRaster, luma, type Part, type Raster, toRaster } from "../files/raster.ts";

/** What is laid over places that matter half and most, and how opaque it is there. */
const HALF = [220, 30, 60], MOST = [255, 220, 40], OPAQUE = 0.7;
/** Brightness of what the heat is not of. */
const DARK = 0.4;

/** How much places matter: [height, width], row-major. */
interface Heat {
  readonly height: number;
  readonly width: number;
  /** Negative numbers count as 0. */
  readonly values: ArrayLike<number>;
}

/**
 * Lays heat over a picture in grey: nothing where it is 0, over red to yellow where it is largest. It is
 * interpolated between the middles of its places.
 *
 * @param part of the picture that the heat is of; the rest is dark
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

/** The places that a fraction of the way lies between, and the second's share; undefined beyond the ends. */
function between(fraction: number, count: number) {
  if (fraction < 0 || fraction > 1) return undefined;
  const at = Math.max(0, Math.min(count - 1, fraction * count - 0.5));
  const first = Math.floor(at);
  return { first, second: Math.min(first + 1, count - 1), share: at - first };
}

function mixed(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
