/** Draws a learning-rate range test. */
import { emptyRaster, type Raster } from "../files/raster.ts";
import { decadesOf, formatRate, topOf } from "./range_axes.ts";
import type { RangeResult } from "../training/learning_rate_range.ts";
import { LETTER_HEIGHT, write } from "./lettering.ts";

const WIDTH = 960, HEIGHT = 540;
/** Margins of the plot. */
const LEFT = 80, RIGHT = 24, TOP = 48, BOTTOM = 48;
const SCALE = 2;
/** Horizontal lines in the plot, each labeled with its loss. */
const LINES = 5;

type Colour = readonly [number, number, number];
const GRID: Colour = [225, 229, 235];
const RAW: Colour = [190, 200, 215];
const CURVE: Colour = [31, 95, 191];
const MARK: Colour = [194, 65, 12];

/** Draws the losses of single steps as dots, the smoothed ones as a line, and the suggestion. */
export function rangePicture(result: RangeResult, title: string): Raster {
  const { points, suggestion } = result;
  const picture = emptyRaster(HEIGHT, WIDTH, 3);
  picture.data.fill(255);
  const x = points.map(({ learningRate }) => Math.log10(learningRate));
  const [first, last] = [x[0], x[x.length - 1]];
  const bottom = Math.min(...points.map(({ smoothed }) => smoothed));
  const top = topOf(result);
  const columnOf = (x: number) => LEFT + (x - first) / (last - first) * (WIDTH - LEFT - RIGHT);
  const rowOf = (loss: number) =>
    TOP + (top - Math.min(loss, top)) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
  for (const rate of decadesOf(result)) {
    const column = columnOf(Math.log10(rate));
    line(picture, column, TOP, column, HEIGHT - BOTTOM, GRID);
    write(picture, formatRate(rate), {
      left: column - 12,
      top: HEIGHT - BOTTOM + 10,
      scale: SCALE,
    });
  }
  for (let i = 0; i < LINES; i++) {
    const loss = bottom + i / (LINES - 1) * (top - bottom);
    line(picture, LEFT, rowOf(loss), WIDTH - RIGHT, rowOf(loss), GRID);
    const middle = rowOf(loss) - SCALE * LETTER_HEIGHT / 2;
    write(picture, loss.toPrecision(3), { left: 12, top: middle, scale: SCALE });
  }
  write(picture, title, { left: LEFT, top: 16, scale: SCALE });
  points.forEach(({ loss }, i) => {
    if (loss >= bottom) dot(picture, columnOf(x[i]), rowOf(loss), 2, RAW);
  });
  points.forEach(({ smoothed }, i) => {
    if (i === 0) return;
    const [from, to] = [[x[i - 1], points[i - 1].smoothed], [x[i], smoothed]];
    line(picture, columnOf(from[0]), rowOf(from[1]), columnOf(to[0]), rowOf(to[1]), CURVE, 3);
  });
  if (suggestion !== undefined) {
    const column = columnOf(Math.max(first, Math.log10(suggestion)));
    line(picture, column, TOP, column, HEIGHT - BOTTOM, MARK, 2);
    write(picture, formatRate(suggestion), { left: column + 6, top: TOP + 6, scale: SCALE });
  }
  return picture;
}

function line(
  picture: Raster,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  colour: Colour,
  width = 1,
): void {
  const steps = Math.ceil(Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1));
  for (let i = 0; i <= steps; i++) {
    const [x, y] = [fromX + (toX - fromX) * i / steps, fromY + (toY - fromY) * i / steps];
    dot(picture, x, y, width, colour);
  }
}

/** A square centered at a point. */
function dot(picture: Raster, x: number, y: number, side: number, colour: Colour): void {
  const [left, top] = [Math.round(x - side / 2), Math.round(y - side / 2)];
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) {
      if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH) continue;
      picture.data.set(colour, 3 * (row * WIDTH + column));
    }
  }
}
