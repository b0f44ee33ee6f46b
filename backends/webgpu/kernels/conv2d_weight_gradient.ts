/**
 * The weight gradient of a convolution as a matrix product over output positions: rows are taps and
 * input channels, columns output channels. Workgroups sum parts of the positions, so that a small
 * kernel still fills a GPU; a second dispatch adds the partial sums in a fixed order, so that every
 * run gives the same bits.
 */
import type { Value } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type DispatchRequest, type Lowering, type Ref, storedBytes } from "../kernel.ts";
import addParts from "./add_partial_sums.wgsl" with { type: "text" };
import wgsl from "./conv2d_weight_gradient.wgsl" with { type: "text" };
import { convolutionConstants, groupChannels, sourceVectors } from "./convolution.ts";
import { factorBytes, gemmShader, type GemmTile } from "./gemm.ts";
import { type TileVariant, tileVariants } from "./gemm_tiles.ts";
import partialSums from "./partial_sums.wgsl" with { type: "text" };

/** Workgroups that fill a large GPU: `deno task kernel conv2dWeightGradient --backend webgpu`. */
export const WANTED_WORKGROUPS = 512;
/** Fewest stretches of positions per workgroup: fewer would not pay for the partial sum. */
const MIN_STRETCHES = 8;

/** The operands of a weight gradient. */
export interface WeightGradientRefs {
  /** Channels last. */
  readonly source: Ref;
  readonly dy: Ref;
  /** Plain [O, I/groups, kH, kW]. */
  readonly result: Ref;
}

/** Extents of the product of a group. */
function productOf(geometry: ConvolutionGeometry) {
  const { batch, outSize, kernelSize } = geometry;
  const { groupIn, groupOut } = groupChannels(geometry);
  return {
    rows: kernelSize[0] * kernelSize[1] * groupIn,
    columns: groupOut,
    inner: batch * outSize[0] * outSize[1],
  };
}

/** The tiles of {@link weightGradient} to choose from. */
export function weightTiles(geometry: ConvolutionGeometry): TileVariant[] {
  return tileVariants("outer", productOf(geometry), true);
}

/** Adds the dispatches. Groups must begin at whole vectors. */
export function weightGradient(
  geometry: ConvolutionGeometry,
  tile: GemmTile,
  refs: WeightGradientRefs,
  lowering: Lowering,
): void {
  const product = productOf(geometry);
  const columnTiles = Math.ceil(product.columns / tile.columns);
  const tiles = Math.ceil(product.rows / tile.rows) * columnTiles;
  const stretches = Math.ceil(product.inner / tile.inner);
  const wantedParts = Math.min(
    Math.ceil(WANTED_WORKGROUPS / (tiles * geometry.groups)),
    Math.ceil(stretches / MIN_STRETCHES),
  );
  const partStretches = Math.ceil(stretches / wantedParts);
  const { source, dy } = refs;
  const elementBytes = [storedBytes(source, 4), storedBytes(dy, 4)] as const;
  const gemm = gemmShader("outer", tile, [wgsl]);
  sumInParts(geometry, Math.ceil(stretches / partStretches), refs, {
    ...gemm,
    name: "conv2dWeightGradient",
    tiles,
    readBytes: geometry.groups * factorBytes(product, tile, elementBytes),
    constants: {
      ...gemm.constants,
      COLUMN_TILES: columnTiles,
      POSITIONS: product.inner,
      PART_POSITIONS: partStretches * tile.inner,
    },
  }, lowering);
}

/** A dispatch that computes the partial sums of a weight gradient. */
interface PartialSums
  extends Pick<DispatchRequest, "name" | "workgroupSize" | "constants" | "wgsl"> {
  /** Workgroups for each part of each group. */
  readonly tiles: number;
  readonly readBytes: number;
}

/** Adds the dispatch of partial sums, [parts, groups, taps · groupIn, groupOut], and their sum. */
export function sumInParts(
  geometry: ConvolutionGeometry,
  parts: number,
  { source, dy, result }: WeightGradientRefs,
  { tiles, readBytes, constants, wgsl, ...rest }: PartialSums,
  lowering: Lowering,
): void {
  const { rows, columns } = productOf(geometry);
  const partial = lowering.scratch(4 * parts * geometry.groups * rows * columns, "partial sums");
  lowering.dispatch({
    ...rest,
    reads: { "vec4<f32>": { source, dy } },
    writes: { "vec4<f32>": { partial } },
    workgroups: [tiles, geometry.groups, parts],
    flops: convolutionFlops(geometry),
    bytes: partial.bytes + readBytes,
    constants: { ...convolutionConstants(geometry, true), ...constants, ROWS: rows },
    wgsl: [sourceVectors(geometry, true), partialSums, wgsl].join("\n"),
  });
  addPartialSums(geometry, groupChannels(geometry), partial, parts, result, lowering);
}

/** Adds a dispatch that adds up the parts, first to last, into the kernel's order. */
export function addPartialSums(
  { groups, inChannels, outChannels, kernelSize: [height, width] }: ConvolutionGeometry,
  { groupIn, groupOut }: ReturnType<typeof groupChannels>,
  partial: Ref,
  parts: number,
  result: Ref | Value,
  lowering: Lowering,
): void {
  lowering.eachItem({
    name: "addPartialSums",
    reads: { f32: { partial } },
    writes: { f32: { result } },
    items: outChannels * (inChannels / groups) * height * width,
    constants: {
      PARTS: parts,
      GROUPS: groups,
      TAPS: height * width,
      GROUP_IN: groupIn,
      GROUP_OUT: groupOut,
      REAL_IN: inChannels / groups,
      REAL_OUT: outChannels / groups,
    },
    wgsl: addParts,
  });
}
