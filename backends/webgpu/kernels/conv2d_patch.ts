/**
 * Convolution that reads each pixel once for all taps: a workgroup computes a small rectangle of
 * positions, and stages the patch of the image under it, then lets the taps wander over the staged
 * patch. The product itself is that of `gemm.ts`. Moves a fraction of the memory that
 * `conv2d_gemm.ts` moves, wherever a kernel has several taps.
 */
import type { Pair } from "../../../ops/convolution_geometry.ts";
import {
  type Constants,
  coverByGroups,
  type Lowering,
  MAX_INVOCATIONS,
  storedBytes,
  type Variant,
  WORKGROUP_BYTES,
} from "../kernel.ts";
import {
  addBias,
  type Correlation,
  correlationConstants,
  correlationExtents,
  paddingModeOf,
} from "./conv2d_gemm.ts";
import wgsl from "./conv2d_patch.wgsl" with { type: "text" };
import forward from "./conv2d_patch_forward.wgsl" with { type: "text" };
import inputGradient from "./conv2d_patch_input_gradient.wgsl" with { type: "text" };
import type { AxisComponent } from "../../../ops/polyphase.ts";
import { sourceImage } from "./correlation.ts";
import { addProducts, type GemmTile, storeSums, tileConstants, tileThreads } from "./gemm.ts";
import { pairConstants } from "../wgsl.ts";
import {
  busiestFirst,
  isRunnable,
  otherWidths,
  THREAD_TILES,
  tileColumns,
  tileName,
  unique,
  WANTED_TILES,
} from "./gemm_tiles.ts";

/** Rectangles of positions, rows × columns; columns are whole runs of an invocation's rows. */
const RECTANGLES = [[8, 16], [8, 8], [4, 8], [4, 4]] as const;
/** One that pays only where invocations compute many results each. */
const LARGE_RECTANGLE = [16, 16] as const;

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

/** How a correlation is cut into rectangles. */
export interface PatchPlan extends Rectangles {
  readonly tile: GemmTile;
  /** Taps whose weights are staged together. */
  readonly stagedTaps: number;
}

/** Source pixels that some positions of an axis reach: their number, and the first one's offset. */
export function reach(phase: AxisComponent, positions: number): { length: number; first: number } {
  const { positionStep, tapStep, taps, firstSource } = phase;
  return {
    length: (positions - 1) * positionStep + (taps - 1) * Math.abs(tapStep) + 1,
    first: firstSource + Math.min(0, (taps - 1) * tapStep),
  };
}

/** A way to cut a correlation, among several. */
export interface PatchVariant extends Variant {
  readonly patches: PatchPlan;
}

/**
 * Ways to cut a correlation of several taps, the one that suits most adapters first: on a GPU the
 * largest rectangles that leave it enough workgroups, on a software adapter those whose invocations
 * compute the most results, since it has no others to fill. None where no rectangle fits into
 * workgroup memory without much waste.
 */
export function patchVariants(correlation: Correlation, software: boolean): PatchVariant[] {
  const { batch, groupSource, groupResult } = correlationExtents(correlation);
  const width = tileColumns(groupResult);
  const [thread] = THREAD_TILES;
  const inner = Math.min(16, groupSource);
  const plans = RECTANGLES.flatMap((rectangle) =>
    planPatches(correlation, rectangle, width, inner, thread) ?? []
  );
  const isEnough = ({ downImage, acrossImage }: PatchPlan) =>
    batch * downImage * acrossImage * Math.ceil(groupResult / width) >= WANTED_TILES;
  const first = plans.find(isEnough) ?? plans.at(-1);
  if (!first) return [];
  const variants = [variantOf(first)];
  for (const columns of otherWidths(width, groupResult)) {
    for (const rectangle of [LARGE_RECTANGLE, ...RECTANGLES]) {
      for (const thread of THREAD_TILES) {
        const plan = planPatches(correlation, rectangle, columns, inner, thread) ??
          planPatches(correlation, rectangle, columns, Math.min(8, inner), thread);
        if (plan && isRunnable(tileThreads(plan.tile))) variants.push(variantOf(plan));
      }
    }
  }
  return software ? busiestFirst(unique(variants)) : unique(variants);
}

function variantOf(patches: PatchPlan): PatchVariant {
  const { rows, columns, tile } = patches;
  return { name: `patches ${rows}x${columns}, ${tileName(tile)}`, patches };
}

/** Cuts a correlation into rectangles; undefined where that does not fit or wastes too much. */
function planPatches(
  correlation: Correlation,
  [rows, columns]: Pair,
  width: number,
  inner: number,
  [threadRows, threadColumns]: Pair,
): PatchPlan | undefined {
  const { rows: rowPhases, columns: columnPhases } = correlation;
  const [row] = rowPhases, [column] = columnPhases;
  const taps = row.taps * column.taps;
  const isCorrelation = rowPhases.length === 1 && columnPhases.length === 1 && taps > 1;
  if (!isCorrelation || columns % threadRows > 0 || width % threadColumns > 0) return undefined;
  const patchRows = reach(row, rows).length, patchColumns = reach(column, columns).length;
  const patchBytes = 4 * inner * patchRows * patchColumns;
  const stagedTaps = [taps, column.taps, 1].find((count) =>
    patchBytes + 4 * count * inner * width <= WORKGROUP_BYTES
  );
  const downImage = Math.ceil(row.positions / rows);
  const acrossImage = Math.ceil(column.positions / columns);
  const covered = downImage * rows * acrossImage * columns;
  const tile = { rows: rows * columns, columns: width, inner, threadRows, threadColumns };
  const isWasteful = covered > 1.5 * row.positions * column.positions ||
    patchRows * patchColumns > taps * rows * columns;
  if (!stagedTaps || isWasteful || tileThreads(tile) > MAX_INVOCATIONS) return undefined;
  return { tile, rows, columns, patchRows, patchColumns, downImage, acrossImage, stagedTaps };
}

/** Adds the phase of a correlation cut into rectangles. */
export function correlatePatches(
  correlation: Correlation,
  plan: PatchPlan,
  lowering: Lowering,
): void {
  const { name, geometry, direction, source, result, weight, bias } = correlation;
  const { groups, inChannels, outChannels } = geometry;
  const { batch, groupSource, groupResult } = correlationExtents(correlation);
  const { tile, patchRows, patchColumns, downImage, acrossImage } = plan;
  const [row] = correlation.rows, [column] = correlation.columns;
  const isForward = direction === "forward";
  const patchPixels = patchRows * patchColumns;
  const taps = row.taps * column.taps;
  const columnTiles = Math.ceil(groupResult / tile.columns);
  const rectangles = batch * downImage * acrossImage;
  const rowReach = reach(row, plan.rows), columnReach = reach(column, plan.columns);
  const weightBytes = 4 * taps * groupSource * groupResult;
  lowering.dispatch({
    name: `${name} patches`,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    workgroupSize: tileThreads(tile),
    workgroups: coverByGroups(rectangles * columnTiles, groups),
    flops: 2 * batch * row.positions * column.positions * taps * (inChannels / groups) *
      outChannels,
    bytes: storedBytes(result, result.bytes) + groups * rectangles *
        (storedBytes(source, 4 * columnTiles * groupSource * patchPixels) + weightBytes),
    constants: {
      ...tileConstants(tile),
      ...correlationConstants(correlation),
      ...rectangleConstants(plan),
      COLUMN_TILES: columnTiles,
      TAPS: taps,
      TAP_COLUMNS: column.taps,
      STAGED_TAPS: plan.stagedTaps,
      ...pairConstants("POSITIONS", [row.positions, column.positions]),
      ...pairConstants("POSITION_STEP", [row.positionStep, column.positionStep]),
      ...pairConstants("TAP_STEP", [row.tapStep, column.tapStep]),
      ...pairConstants("FIRST_TAP", [row.firstTap, column.firstTap]),
      ...pairConstants("KERNEL_STEP", [row.kernelStep, column.kernelStep]),
      ...pairConstants("FIRST_SOURCE", [row.firstSource, column.firstSource]),
      ...pairConstants("FIRST_REACHED", [rowReach.first, columnReach.first]),
    },
    wgsl: [
      sourceImage(paddingModeOf(correlation)),
      addBias(correlation),
      addProducts(isForward ? "row" : "dot", tile, tile.inner),
      isForward ? forward : inputGradient,
      wgsl,
      storeSums(tile),
    ].join("\n"),
  });
}

/** The constants of how images are cut. */
export function rectangleConstants(plan: Rectangles): Constants {
  return {
    RECTANGLE_ROWS: plan.rows,
    RECTANGLE_COLUMNS: plan.columns,
    PATCH_COLUMNS: plan.patchColumns,
    PATCH_PIXELS: plan.patchRows * plan.patchColumns,
    DOWN_IMAGE: plan.downImage,
    ACROSS_IMAGE: plan.acrossImage,
  };
}
