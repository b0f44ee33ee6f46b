/** What a chart shows. */
import type { NumberFormat } from "./numbers.ts";

/** One line, or row of bars or points, of a chart. */
export interface Series {
  readonly name: string;
  /** Ascending. */
  readonly x: readonly number[];
  /** As many; null where there is none. */
  readonly y: readonly (number | null)[];
  /** Bounds of an area around it, such as the least and the greatest over seeds. */
  readonly band?: {
    readonly low: readonly (number | null)[];
    readonly high: readonly (number | null)[];
  };
  /** Default `line`. */
  readonly style?: "line" | "bars" | "points";
  /** Which of the eight colours it has, from 0; its place in the list by default. */
  readonly colour?: number;
  /** Whether its line is dashed, as of a training beside its validation. */
  readonly isDashed?: boolean;
}

/** An axis of a chart. */
export interface Axis {
  readonly label: string;
  readonly format?: NumberFormat;
  /** At its ticks, if they are to be shorter. */
  readonly ticks?: NumberFormat;
  /** Its least and greatest values; by default those of the data. */
  readonly range?: readonly [least: number, greatest: number];
  /** Whether it has only whole numbers. Default false. */
  readonly isWhole?: boolean;
}

/** A chart. */
export interface ChartOptions {
  readonly title: string;
  readonly x: Axis;
  /** `log: "offered"` adds a switch for a logarithmic scale, `"on"` one that is on. */
  readonly y: Axis & { readonly log?: "offered" | "on" };
  readonly series: readonly Series[];
  /** A sentence below. */
  readonly note?: string;
  /** Whether the legend says the last value of each series while no place is pointed at. */
  readonly saysLast?: boolean;
  /** Whether its lines can be smoothed. */
  readonly isSmoothed?: boolean;
  /** Charts with the same key move their cursors together. */
  readonly sync?: string;
}
