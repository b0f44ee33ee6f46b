/** The axes of a chart. */
/// <reference lib="dom" />
import type uPlot from "uplot";
import type { Axis, Series } from "./chart_options.ts";
import { formatNumber } from "./numbers.ts";

/** Steps of an axis of whole numbers. */
const WHOLE = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat();

const FONT = "12px system-ui, sans-serif";

/** Both axes for uPlot, in the colors of `place`: its text, and its border for the grid. */
export function drawnAxes(x: Axis, y: Axis, place: HTMLElement): uPlot.Axis[] {
  const drawn = ({ label, format = formatNumber, ticks = format, isWhole }: Axis): uPlot.Axis => {
    const line = { stroke: () => getComputedStyle(place).borderTopColor, width: 1 };
    return {
      label,
      ...(isWhole ? { incrs: WHOLE } : {}),
      labelSize: 22,
      stroke: () => getComputedStyle(place).color,
      grid: line,
      ticks: line,
      font: FONT,
      labelFont: FONT,
      values: (_, splits) => splits.map((value) => value === null ? "" : ticks(value)),
    };
  };
  return [{ ...drawn(x), size: 34 }, { ...drawn(y), size: widthOf, space: 36 }];
}

/** Width of the left axis's tick labels, in pixels. */
function widthOf(_: uPlot, values: string[] | null): number {
  return 22 + 7 * Math.max(3, ...(values ?? []).map((value) => value.length));
}

/** A range of x that includes the first and the last bar entirely. */
export function aroundBars({ x }: Series): [number, number] {
  const half = (x.length > 1 ? x[1] - x[0] : 1) / 2;
  return [x[0] - half, x[x.length - 1] + half];
}
