/**
 * Convolution that reads each pixel once for all taps: a workgroup computes a small rectangle of
 * positions, and stages the patch of the image under it, then lets the taps wander over the staged
 * patch. The product itself is that of `gemm.ts`. Moves a fraction of the memory that
 * `conv2d_gemm.ts` moves, wherever a kernel has several taps.
 */
import type { Pair } from "../../../ops/convolution_geometry.ts";
import {
  coverByGroups,
  type Lowering,
  MAX_INVOCATIONS,
  storedBytes,
  type Variant,
  WORKGROUP_BYTES,
} from "../kernel.ts";
import { biased, type Correlation, correlationExtents } from "./conv2d_gemm.ts";
import type { AxisPhase } from "../../../ops/correlation_phases.ts";
import { borderFunctions, isInside, pixelPlace } from "./correlation.ts";
import { addProducts, beginSums, type GemmTile, storeSums, tileThreads } from "./gemm.ts";
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
export function reach(phase: AxisPhase, positions: number): { length: number; first: number } {
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
  const { groups, kernelSize, inChannels, outChannels } = geometry;
  const extents = correlationExtents(correlation);
  const { batch, groupIn, groupOut, groupSource, groupResult, sourceSize, resultSize } = extents;
  const { sourceChannels, resultChannels, weightColumns } = extents;
  const { tile, patchRows, patchColumns, downImage, acrossImage, stagedTaps } = plan;
  const [row] = correlation.rows, [column] = correlation.columns;
  const isForward = direction === "forward";
  const isMapped = isForward && geometry.paddingMode !== "zeros";
  const threads = tileThreads(tile);
  const vectors = tile.inner / 4;
  const sourceVectors = groupSource / 4;
  const patchPixels = patchRows * patchColumns;
  const taps = row.taps * column.taps;
  const columnTiles = Math.ceil(groupResult / tile.columns);
  const rectangles = batch * downImage * acrossImage;
  const grid = coverByGroups(rectangles * columnTiles, groups);
  const stretches = Math.ceil(sourceVectors / vectors);
  const rowReach = reach(row, plan.rows), columnReach = reach(column, plan.columns);
  // Staged weights: in the form `row`, vectors of results by input channel; in the form `dot`,
  // vectors of input channels by result.
  const lineVectors = isForward ? tile.columns / 4 : vectors;
  const lines = isForward ? tile.inner : tile.columns;
  const tapVectors = lines * lineVectors;
  const weightBytes = 4 * taps * groupSource * groupResult;
  lowering.phase({
    name: `${name} patches`,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    workgroupSize: threads,
    workgroups: grid.workgroups,
    flops: 2 * batch * row.positions * column.positions * taps * (inChannels / groups) *
      outChannels,
    bytes: storedBytes(result, result.bytes) + groups * rectangles *
        (storedBytes(source, 4 * columnTiles * groupSource * patchPixels) + weightBytes),
    code: ({ source, weight, result, bias }) => {
      const sourcePixel = pixelPlace(sourceSize, sourceChannels / 4);
      const resultPixel = pixelPlace(resultSize, resultChannels / 4, { y: "y", x: "x" });
      const kernelRow = `${row.firstTap}i + tap / ${column.taps}i * ${row.kernelStep}i`;
      const kernelColumn = `${column.firstTap}i + tap % ${column.taps}i * ${column.kernelStep}i`;
      const [condition, outputs, declarations] = isForward
        ? [
          `(channel < ${groupSource}u) & (column < ${groupResult}u)`,
          `(groupIndex * ${groupOut}u + column) / 4u`,
          `
      let channel = stretch * ${tile.inner}u + line;
      let column = firstColumnOfTile + vector * 4u;`,
        ]
        : [
          `(outputs < ${sourceVectors}u) & (channel < ${groupResult}u)`,
          `groupIndex * ${groupOut / 4}u + outputs`,
          `
      let channel = firstColumnOfTile + line;
      let outputs = stretch * ${vectors}u + vector;`,
        ];
      const weightRow = `(kernelTap * ${groupIn}u + channel) * ${weightColumns / 4}u`;
      const firstTapPixel = (row.firstSource - rowReach.first) * patchColumns +
        column.firstSource - columnReach.first;
      const mapped = (map: string, index: string) => isMapped ? `${map}(${index})` : index;
      return ({
        globals: `
${isMapped ? borderFunctions(geometry) : ""}
var<workgroup> pixels: array<vec4<f32>, ${vectors * patchPixels}>;
var<workgroup> weights: array<vec4<f32>, ${stagedTaps * tapVectors}>;`,
        main: [
          `
let groupIndex = group.z;
let rectangle = ${grid.index} / ${columnTiles}u;
let firstColumnOfTile = ${grid.index} % ${columnTiles}u * ${tile.columns}u;
let image = rectangle / ${downImage * acrossImage}u;
let firstY = rectangle / ${acrossImage}u % ${downImage}u * ${plan.rows}u;
let firstX = rectangle % ${acrossImage}u * ${plan.columns}u;
let patchY = i32(firstY) * ${row.positionStep}i + ${rowReach.first}i;
let patchX = i32(firstX) * ${column.positionStep}i + ${columnReach.first}i;`,
          ...beginSums(tile),
          `
// The patch pixel of the invocation's first position under tap 0; its others lie to the right.
let ownPixel = firstRow / ${plan.columns}u * ${row.positionStep * patchColumns}u +
  firstRow % ${plan.columns}u * ${column.positionStep}u + ${firstTapPixel}u;
for (var stretch = 0u; stretch < ${stretches}u; stretch++) {
  for (var i = thread; i < ${vectors * patchPixels}u; i += ${threads}u) {
    let vector = stretch * ${vectors}u + i % ${vectors}u;
    let pixel = i / ${vectors}u;
    let y = ${mapped("rowAt", `patchY + i32(pixel / ${patchColumns}u)`)};
    let x = ${mapped("columnAt", `patchX + i32(pixel % ${patchColumns}u)`)};
    var value = vec4<f32>();
    if ((vector < ${sourceVectors}u) & ${isInside(sourceSize)}) {
      value = ${source.at(`${sourcePixel} + groupIndex * ${sourceVectors}u + vector`)};
    }
    pixels[i % ${vectors}u * ${patchPixels}u + pixel] = value;
  }
  for (var firstTap = 0u; firstTap < ${taps}u; firstTap += ${stagedTaps}u) {
    for (var i = thread; i < ${stagedTaps * tapVectors}u; i += ${threads}u) {
      let tap = i32(firstTap + i / ${tapVectors}u);
      let line = i / ${lineVectors}u % ${lines}u;
      let vector = i % ${lineVectors}u;
      let kernelTap = u32((${kernelRow}) * ${kernelSize[1]}i + ${kernelColumn});
      var value = vec4<f32>();
      ${declarations}
      if (${condition}) {
        value = ${weight.at(`${weightRow} + ${outputs}`)};
      }
      weights[i] = value;
    }
    workgroupBarrier();
    for (var t = 0u; t < ${stagedTaps}u; t++) {
      let tap = i32(firstTap + t);
      let pixel = u32(i32(ownPixel) + tap / ${column.taps}i * ${row.tapStep * patchColumns}i +
        tap % ${column.taps}i * ${column.tapStep}i);
      let firstWeight = t * ${tapVectors}u + ${
            isForward ? "firstColumn / 4u" : `firstColumn * ${lineVectors}u`
          };`,
          ...addProducts(isForward ? "row" : "dot", tile, tile.inner, {
            a: (i, k) => `pixels[${k * patchPixels + i * column.positionStep}u + pixel]`,
            b: (j, k) =>
              isForward
                ? `weights[firstWeight + ${k * lineVectors + j}u]`
                : `weights[firstWeight + ${j * lineVectors + k}u]`,
          }),
          `
    }
    workgroupBarrier();
  }
}`,
          ...storeSums(
            tile,
            `
let y = firstY + row / ${plan.columns}u;
let x = firstX + row % ${plan.columns}u;
let channel = firstColumnOfTile + column;
if (${isInside([row.positions, column.positions])} & (channel < ${groupResult}u)) {
  let place = ${resultPixel} + (groupIndex * ${groupResult}u + channel) / 4u;
  ${result.set("place", bias ? biased(bias.at, groupOut, outChannels) : "value")}
}`,
          ),
        ].join("\n"),
      });
    },
  });
}
