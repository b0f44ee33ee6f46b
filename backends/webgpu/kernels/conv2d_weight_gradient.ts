/**
 * The weight gradient of a convolution as a matrix product over output positions: rows are taps and
 * input channels, columns output channels. Positions are split into stretches that workgroups sum
 * separately, so that a small kernel still fills a GPU; a second dispatch adds the partial sums in a
 * fixed order, so that every run gives the same bits.
 */
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Constants, type Lowering, type Ref, storedBytes } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import addParts from "./add_partial_sums.wgsl" with { type: "text" };
import factors from "./conv2d_weight_gradient.wgsl" with { type: "text" };
import { sourceImage } from "./correlation.ts";
import { factorBytes, gemmShader, type GemmTile, tileThreads } from "./gemm.ts";
import { paddedChannels } from "./packed_weight.ts";
import storePartialSums from "./store_partial_sums.wgsl" with { type: "text" };
import { type TileVariant, tileVariants } from "./gemm_tiles.ts";

/** Workgroups that fill a large GPU. */
const WANTED_WORKGROUPS = 512;
/** Fewest stretches of positions a workgroup sums: fewer would not pay for the partial sum. */
const MIN_STRETCHES = 8;

/** How the sum over positions is split. */
interface Split {
  readonly parts: number;
  /** Positions of a part, whole stretches. */
  readonly positions: number;
}

function splitPositions(positions: number, tiles: number, { inner }: GemmTile): Split {
  const stretches = Math.ceil(positions / inner);
  const wanted = Math.min(
    Math.ceil(WANTED_WORKGROUPS / tiles),
    Math.ceil(stretches / MIN_STRETCHES),
  );
  const stretchesEach = Math.ceil(stretches / wanted);
  return { parts: Math.ceil(stretches / stretchesEach), positions: stretchesEach * inner };
}

/** Extents of a weight gradient, channels padded to whole vectors. */
export interface WeightExtents {
  /** Vectors of a pixel of the input and of the output. */
  readonly inVectors: number;
  readonly outVectors: number;
  /** Channels of a group. */
  readonly groupIn: number;
  readonly groupOut: number;
  readonly taps: number;
}

/** The extents of a weight gradient; partial sums are [parts, groups, taps · groupIn, groupOut]. */
export function weightExtents(
  { groups, inChannels, outChannels, kernelSize }: ConvolutionGeometry,
): WeightExtents {
  const inVectors = paddedChannels(inChannels) / 4;
  const outVectors = paddedChannels(outChannels) / 4;
  return {
    inVectors,
    outVectors,
    groupIn: groups === 1 ? 4 * inVectors : inChannels / groups,
    groupOut: groups === 1 ? 4 * outVectors : outChannels / groups,
    taps: kernelSize[0] * kernelSize[1],
  };
}

/** What a weight gradient reads and writes. */
export interface WeightGradientRefs {
  /** Channels last. */
  readonly input: Ref;
  readonly outputGradient: Ref;
  /** Plain [O, I/groups, kH, kW]. */
  readonly result: Ref;
}

/** The tiles of {@link weightGradient} to choose from. */
export function weightTiles(geometry: ConvolutionGeometry): TileVariant[] {
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const extents = { rows: taps * groupIn, columns: groupOut, inner: positionsOf(geometry) };
  return tileVariants("outer", extents, true);
}

function positionsOf({ batch, outSize }: ConvolutionGeometry): number {
  return batch * outSize[0] * outSize[1];
}

/** Adds the dispatches. Groups must begin at whole vectors. */
export function weightGradient(
  geometry: ConvolutionGeometry,
  tile: GemmTile,
  { input, outputGradient, result }: WeightGradientRefs,
  lowering: Lowering,
): void {
  const { groups, inChannels, outChannels } = geometry;
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const rows = taps * groupIn;
  const positions = positionsOf(geometry);
  const rowTiles = Math.ceil(rows / tile.rows);
  const columnTiles = Math.ceil(groupOut / tile.columns);
  const split = splitPositions(positions, rowTiles * columnTiles * groups, tile);
  const partial = lowering.scratch(4 * split.parts * groups * rows * groupOut, "partial sums");
  const { wgsl, constants } = gemmShader("outer", tile, [
    sourceImage(geometry.paddingMode),
    factors,
    storePartialSums,
  ]);
  lowering.dispatch({
    name: "conv2dWeightGradient",
    operands: {
      ...lowering.reads("vec4<f32>", { source: input, dy: outputGradient }),
      ...lowering.writes("vec4<f32>", { partial }),
    },
    workgroupSize: tileThreads(tile),
    workgroups: [rowTiles * columnTiles, groups, split.parts],
    flops: 2 * positions * taps * (inChannels / groups) * outChannels,
    bytes: partial.bytes +
      groups * factorBytes({ rows, columns: groupOut, inner: positions }, tile, [
          storedBytes(input, 4),
          storedBytes(outputGradient, 4),
        ]),
    constants: {
      ...constants,
      ...weightGradientConstants(geometry),
      ROWS: rows,
      COLUMN_TILES: columnTiles,
      POSITIONS: positions,
      PART_POSITIONS: split.positions,
    },
    wgsl,
  });
  addPartialSums(geometry, partial, split.parts, result, lowering);
}

/** Adds the parts, first to last, and puts the sums into the kernel's order. */
export function addPartialSums(
  geometry: ConvolutionGeometry,
  partial: Ref,
  parts: number,
  result: Ref,
  lowering: Lowering,
): void {
  const { groups, inChannels, outChannels } = geometry;
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const realIn = inChannels / groups, realOut = outChannels / groups;
  lowering.eachItem({
    name: "addPartialSums",
    operands: { ...lowering.reads("f32", { partial }), ...lowering.writes("f32", { result }) },
    items: outChannels * realIn * taps,
    constants: {
      PARTS: parts,
      GROUPS: groups,
      TAPS: taps,
      GROUP_IN: groupIn,
      GROUP_OUT: groupOut,
      REAL_IN: realIn,
      REAL_OUT: realOut,
    },
    wgsl: addParts,
  });
}

/** The constants of a weight gradient. */
export function weightGradientConstants(geometry: ConvolutionGeometry): Constants {
  const { groups, inSize, outSize, kernelSize, stride, padding, dilation } = geometry;
  const { groupIn, groupOut, inVectors, outVectors } = weightExtents(geometry);
  return {
    GROUPS: groups,
    GROUP_IN: groupIn,
    GROUP_OUT: groupOut,
    SOURCE_HEIGHT: inSize[0],
    SOURCE_WIDTH: inSize[1],
    SOURCE_VECTORS: inVectors,
    OUT_HEIGHT: outSize[0],
    OUT_WIDTH: outSize[1],
    OUT_VECTORS: outVectors,
    KERNEL_WIDTH: kernelSize[1],
    ...pairConstants("STRIDE", stride),
    ...pairConstants("PADDING", padding),
    ...pairConstants("DILATION", dilation),
  };
}
