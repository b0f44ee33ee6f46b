/** The perspective transform that moves an image's corners. */
import type { Projection } from "./warp.ts";

/** Corners of an image: top left, top right, bottom right, bottom left. */
export type Corners = readonly [Point, Point, Point, Point];

type Point = readonly [x: number, y: number];

/**
 * The mapping from result to source pixels when the points `from` move to `to`, like torchvision's
 * `perspective`; undefined if none exists because three points are on a line.
 */
export function projectionOf(from: Corners, to: Corners): Projection | undefined {
  const rows = to.flatMap(([x, y], i) => {
    const [u, v] = from[i];
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  return solved(rows) as unknown as Projection | undefined;
}

/** The solution of linear equations [n][n + 1], by Gaussian elimination; undefined if it is not unique. */
function solved(rows: number[][]): number[] | undefined {
  const count = rows.length;
  const largest = Math.max(...rows.flat().map(Math.abs));
  for (let k = 0; k < count; k++) {
    let pivot = k;
    for (let i = k + 1; i < count; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    // The inputs are a few integers, so tiny values are rounding errors.
    if (Math.abs(rows[k][k]) < 1e-9 * largest) return undefined;
    for (let i = 0; i < count; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= count; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return rows.map((row, i) => row[count] / row[i]);
}
