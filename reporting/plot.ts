/** A curve and its annotations. */
interface Curve {
  /** From left to right, at least two. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Labels of the axis below. */
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  /** Position of a vertical line. */
  readonly mark?: number;
  /** The highest number that is drawn; larger ones are drawn at the top. */
  readonly top: number;
}

/** Columns for the labels left of the plot. */
const MARGIN = 8;

/** Draws a curve as text in `width` columns and `height` rows, with axes. */
export function plotText({ points, ticks, mark, top }: Curve, width = 64, height = 12): string {
  const [first, last] = [points[0].x, points[points.length - 1].x];
  const bottom = Math.min(...points.map(({ y }) => y));
  const columnOf = (x: number) => Math.round((x - first) / (last - first) * (width - 1));
  const rowOf = (y: number) =>
    Math.round((top - Math.min(y, top)) / Math.max(Number.MIN_VALUE, top - bottom) * (height - 1));
  const cells = Array.from({ length: height }, () => Array<string>(width).fill(" "));
  const marked = mark === undefined ? -1 : columnOf(mark);
  for (const row of cells) if (marked >= 0 && marked < width) row[marked] = "┊";
  for (const { x, y } of points) cells[rowOf(y)][columnOf(x)] = "•";
  const labels = new Map([[0, top], [height - 1, bottom]]);
  const lines = cells.map((row, i) => {
    const label = labels.get(i)?.toPrecision(3) ?? "";
    return `${label.padStart(MARGIN)} ┤${row.join("").trimEnd()}`;
  });
  const axis = Array<string>(width).fill("─");
  const below = Array<string>(width + MARGIN).fill(" ");
  let free = 0;
  for (const { x, label } of ticks) {
    const column = columnOf(x);
    if (column < 0 || column >= width) continue;
    axis[column] = "┴";
    const start = Math.max(free, column - Math.floor(label.length / 2));
    if (start - column > 1 || start + label.length > below.length) continue;
    below.splice(start, label.length, ...label);
    free = start + label.length + 1;
  }
  const indent = " ".repeat(MARGIN + 1);
  return [...lines, `${indent}└${axis.join("")}`, `${indent} ${below.join("").trimEnd()}`]
    .join("\n");
}
