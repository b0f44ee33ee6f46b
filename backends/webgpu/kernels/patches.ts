/** How convolutions of several taps stage patches of an image, so that each pixel is read once. */
import type { Pair } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import type { Constants, Variant } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import { axisConstants } from "./convolution.ts";
import type { GemmTile } from "./gemm.ts";
import { unique } from "./gemm_tiles.ts";

/** How images are cut into rectangles of positions. */
export interface Rectangles {
  /** Positions of a rectangle. */
  readonly rows: number;
  readonly columns: number;
  /** Pixels of the patch under it. */
  readonly patchRows: number;
  readonly patchColumns: number;
  /** Rectangles of an image. */
  readonly downImage: number;
  readonly acrossImage: number;
}

/** A way to cut a convolution or a weight gradient. */
export interface PatchVariant<Plan extends { readonly tile: GemmTile }> extends Variant {
  readonly patches: Plan;
}

/**
 * Different variants. A software adapter has no workgroups to fill, so for it those whose
 * invocations compute the most results come first.
 */
export function orderVariants<Plan extends { readonly tile: GemmTile }>(
  variants: readonly PatchVariant<Plan>[],
  software: boolean,
): PatchVariant<Plan>[] {
  const results = ({ patches: { tile } }: PatchVariant<Plan>) =>
    tile.threadRows * tile.threadColumns;
  return unique(software ? variants.toSorted((a, b) => results(b) - results(a)) : variants);
}

/** Source pixels that some positions of an axis reach: their number, and the first one's offset. */
function reach(
  { positionStep, tapStep, taps, firstSource }: AxisComponent,
  positions: number,
): { length: number; first: number } {
  return {
    length: (positions - 1) * positionStep + (taps - 1) * Math.abs(tapStep) + 1,
    first: firstSource + Math.min(0, (taps - 1) * tapStep),
  };
}

/** Cuts images into rectangles; undefined if that wastes much: measure `deno task tune CONFIG`. */
export function cutImages(
  row: AxisComponent,
  column: AxisComponent,
  [rows, columns]: Pair,
): Rectangles | undefined {
  const patchRows = reach(row, rows).length, patchColumns = reach(column, columns).length;
  const downImage = Math.ceil(row.positions / rows);
  const acrossImage = Math.ceil(column.positions / columns);
  const covered = downImage * rows * acrossImage * columns;
  const isWasteful = covered > 1.5 * row.positions * column.positions ||
    patchRows * patchColumns > row.taps * column.taps * rows * columns;
  return isWasteful
    ? undefined
    : { rows, columns, patchRows, patchColumns, downImage, acrossImage };
}

/** The constants of a kernel over rectangles. */
export function rectangleConstants(
  cut: Rectangles,
  row: AxisComponent,
  column: AxisComponent,
): Constants {
  const reached = [reach(row, cut.rows).first, reach(column, cut.columns).first] as const;
  return {
    ...axisConstants(row, column),
    ...pairConstants("FIRST_REACHED", reached),
    RECTANGLE_ROWS: cut.rows,
    RECTANGLE_COLUMNS: cut.columns,
    PATCH_COLUMNS: cut.patchColumns,
    PATCH_PIXELS: cut.patchRows * cut.patchColumns,
    DOWN_IMAGE: cut.downImage,
    ACROSS_IMAGE: cut.acrossImage,
  };
}
