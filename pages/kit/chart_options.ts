/** The content of a chart. */
import type { NumberFormat } from "./numbers.ts";

/** One line, or one series of bars or points. */
export interface Series {
  readonly name: string;
  /** Ascending. */
  readonly x: readonly number[];
  /** Of the same length; null for missing values. */
  readonly y: readonly (number | null)[];
  /** Bounds of an area around it, such as minimum and maximum over seeds. */
  readonly band?: {
    readonly low: readonly (number | null)[];
    readonly high: readonly (number | null)[];
  };
  /** Default: `line`. */
  readonly style?: "line" | "bars" | "points";
  /** Which of the eight colors, from 0; by default its index. */
  readonly colour?: number;
  /** Whether its line is dashed, such as training next to validation. */
  readonly isDashed?: boolean;
}

/** An axis of a chart. */
export interface Axis {
  readonly label: string;
  readonly format?: NumberFormat;
  /** Shorter format for its ticks. */
  readonly ticks?: NumberFormat;
  /** Its range; by default that of the data. */
  readonly range?: readonly [least: number, greatest: number];
  /** Whether it has only integers. Default: false. */
  readonly isWhole?: boolean;
}

/** A chart. */
export interface ChartOptions {
  readonly title: string;
  readonly x: Axis;
  /** `log: "offered"` adds a switch for a logarithmic scale, `"on"` one that is on. */
  readonly y: Axis & { readonly log?: "offered" | "on" };
  readonly series: readonly Series[];
  /** A sentence below the chart. */
  readonly note?: string;
  /** Whether the legend shows the last values when there is no cursor. */
  readonly saysLast?: boolean;
  /** Whether its lines can be smoothed. */
  readonly isSmoothed?: boolean;
  /** Charts with the same key move their cursors together. */
  readonly sync?: string;
}
