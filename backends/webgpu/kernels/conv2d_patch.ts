/**
 * Convolution that reads each pixel once for all taps: a workgroup computes a small rectangle of
 * positions; it stages the patch of the image under it and moves the taps over the staged patch.
 * The product itself is that of `gemm.ts`. Moves a fraction of the memory that `conv2d_gemm.ts`
 * moves if the kernel has several taps.
 */
import { convolutionFlops, type Pair } from "../../../ops/convolution_geometry.ts";
import {
  coverByGroups,
  type Lowering,
  MAX_INVOCATIONS,
  storedBytes,
  WORKGROUP_BYTES,
} from "../kernel.ts";
import wgsl from "./conv2d_patch.wgsl" with { type: "text" };
import { channelsOf, type Correlation, correlationParts } from "./correlation.ts";
import { addProducts, type GemmTile, storeSums, tileGrid, tileThreads } from "./gemm.ts";
import {
  isRunnable,
  otherWidths,
  THREAD_TILES,
  tileColumns,
  tileName,
  WANTED_TILES,
} from "./gemm_tiles.ts";
import {
  cutImages,
  orderVariants,
  type PatchVariant,
  rectangleConstants,
  type Rectangles,
} from "./patches.ts";
import patches from "./patches.wgsl" with { type: "text" };

/**
 * Rectangles of positions, rows × columns; columns are whole runs of an invocation's rows. Measure
 * with `deno task tune CONFIG`, or one with `deno task kernel conv2d --backend webgpu --variant N`.
 */
const RECTANGLES = [[8, 16], [8, 8], [4, 8], [4, 4]] as const;
/** One that pays only if invocations compute many results each. */
const LARGE_RECTANGLE = [16, 16] as const;

/** How a correlation is cut into rectangles. */
export interface PatchPlan extends Rectangles {
  readonly tile: GemmTile;
  /** Taps whose weights are staged together. */
  readonly stagedTaps: number;
}

/**
 * Ways to cut a correlation of several taps, the one that suits most GPUs first: the largest
 * rectangles that leave enough workgroups. None if no rectangle fits into workgroup memory without
 * much waste.
 */
export function patchVariants(
  correlation: Correlation,
  software: boolean,
): PatchVariant<PatchPlan>[] {
  const { batch } = correlation.geometry;
  const { groupSource, groupResult } = channelsOf(correlation);
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
  return orderVariants(variants, software);
}

function variantOf(patches: PatchPlan): PatchVariant<PatchPlan> {
  const { rows, columns, tile } = patches;
  return { name: `patches ${rows}x${columns}, ${tileName(tile)}`, patches };
}

/** Cuts a correlation into rectangles; undefined if that does not fit or wastes too much. */
function planPatches(
  { rows: [row, ...otherRows], columns: [column, ...otherColumns] }: Correlation,
  rectangle: Pair,
  width: number,
  inner: number,
  [threadRows, threadColumns]: Pair,
): PatchPlan | undefined {
  const [rows, columns] = rectangle;
  const taps = row.taps * column.taps;
  const isOneComponent = otherRows.length === 0 && otherColumns.length === 0;
  if (!isOneComponent || taps <= 1 || columns % threadRows > 0 || width % threadColumns > 0) return;
  const cut = cutImages(row, column, rectangle);
  const tile = { rows: rows * columns, columns: width, inner, threadRows, threadColumns };
  if (!cut || tileThreads(tile) > MAX_INVOCATIONS) return;
  const stagedTaps = [taps, column.taps, 1].find((count) =>
    4 * inner * (cut.patchRows * cut.patchColumns + count * width) <= WORKGROUP_BYTES
  );
  return stagedTaps ? { ...cut, tile, stagedTaps } : undefined;
}

/** Adds the dispatch of a correlation cut into rectangles. */
export function correlatePatches(
  correlation: Correlation,
  plan: PatchPlan,
  lowering: Lowering,
): void {
  const { name, geometry, isForward, source, result } = correlation;
  const { groupSource, groupResult } = channelsOf(correlation);
  const { tile, patchRows, patchColumns, stagedTaps } = plan;
  const [row] = correlation.rows, [column] = correlation.columns;
  const parts = correlationParts(correlation);
  const taps = row.taps * column.taps;
  const columnTiles = Math.ceil(groupResult / tile.columns);
  const rectangles = geometry.batch * plan.downImage * plan.acrossImage;
  const patchBytes = storedBytes(source, 4 * columnTiles * groupSource * patchRows * patchColumns);
  lowering.dispatch({
    ...parts,
    ...tileGrid(tile),
    name: `${name} patches`,
    workgroups: coverByGroups(rectangles * columnTiles, geometry.groups),
    flops: convolutionFlops(geometry),
    bytes: storedBytes(result, result.bytes) +
      geometry.groups * rectangles * (patchBytes + 4 * taps * groupSource * groupResult),
    constants: {
      ...tileGrid(tile).constants,
      ...parts.constants,
      ...rectangleConstants(plan, row, column),
      COLUMN_TILES: columnTiles,
      STAGED_TAPS: stagedTaps,
    },
    wgsl: [
      parts.wgsl,
      addProducts(isForward ? "row" : "dot", tile, tile.inner),
      patches,
      wgsl,
      storeSums(tile),
    ].join("\n"),
  });
}
