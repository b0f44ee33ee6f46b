/** Plans Winograd convolutions: when they are chosen, how they are split into tiles and blocks. */

import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import type { CompileOptions } from "../kernel.ts";
import { PRODUCTS, TILE } from "./winograd_transforms.ts";

/**
 * Channels below which transforms cost more than products save. Bench, all below:
 * `bench/layers.ts`.
 */
const MIN_CHANNELS = 16;
/**
 * Floating-point operations below which the direct kernels are used: they are more accurate (1e-6
 * of the largest magnitude instead of 1e-5), and with little work speed matters less.
 */
const MIN_FLOPS = 1 << 27;
/**
 * Tiles below which transforming the kernel, or reading an already transformed one of four times
 * the size, costs more than the products save.
 */
const MIN_TILES = 32, MIN_TILES_FIXED = 12;
/** The same if the kernel exceeds the cache, so that reading it takes longer than the products. */
const MIN_TILES_LARGE = 40;
/** Maximum memory for the weight gradient's sums, of which every thread has its own. */
const MAX_SUM_BYTES = 1 << 27;
/** Bytes of a block's factors and products, which should stay in the second-level cache. */
const BLOCK_BYTES = 384 << 10;
/**
 * Minimum tiles per block: the kernel's factors are read once per block, so it has more if they
 * exceed the cache.
 */
const MIN_BLOCK_TILES = 32, LARGE_KERNEL_TILES = 64;
/**
 * Minimum tiles per block of a weight gradient whose sums exceed the cache: every block reads and
 * writes them all.
 */
const LARGE_SUMS_TILES = 128;
/** Bytes of factors or sums above which they exceed the cache. */
const LARGE = 1 << 22;
/** Minimum tiles to be worth clearing, adding up and transforming sums that exceed the cache. */
const LARGE_SUMS_LEAST_TILES = 64;
/** Bytes between matrices beyond their size: at powers of two all 36 would share one cache set. */
const SKEW = 64;

/** What decides on a convolution's algorithm besides its extents. */
export interface WinogradOptions extends Pick<CompileOptions, "precision"> {
  /** Whether the kernel never changes, so that it is transformed only once. Default false. */
  readonly fixedKernel?: boolean;
}

/** Tiles of all images. */
function tilesOf({ batch, outSize }: ConvolutionGeometry): number {
  return batch * Math.ceil(outSize[0] / TILE) * Math.ceil(outSize[1] / TILE);
}

/**
 * Why Winograd's algorithm is not used for a convolution and its input gradient, in a word or two;
 * undefined if it is used.
 */
export function winogradObstacle(
  geometry: ConvolutionGeometry,
  { precision, fixedKernel = false }: WinogradOptions,
): string | undefined {
  const { batch, inChannels, outChannels, outSize, kernelSize, stride, dilation, padding } =
    geometry;
  const flops = 2 * 9 * batch * inChannels * outChannels * outSize[0] * outSize[1];
  const tiles = tilesOf(geometry);
  const { bytes } = productMatrices(inChannels, outChannels);
  const leastTiles = bytes > LARGE ? MIN_TILES_LARGE : fixedKernel ? MIN_TILES_FIXED : MIN_TILES;
  const obstacles: readonly (readonly [present: boolean, name: string])[] = [
    [kernelSize.some((extent) => extent !== 3), kernelSize.join("×")],
    [stride.some((step) => step !== 1), `stride ${stride.join("×")}`],
    [dilation.some((step) => step !== 1), `dilation ${dilation.join("×")}`],
    [geometry.groups !== 1, geometry.groups === inChannels ? "depthwise" : "groups"],
    [geometry.paddingMode !== "zeros", geometry.paddingMode],
    [padding.some((extent) => extent > 2), `padding ${padding.join("×")}`],
    [precision === "high", "high precision"],
    [Math.min(inChannels, outChannels) < MIN_CHANNELS, "few channels"],
    [inChannels % 4 !== 0 || outChannels % 4 !== 0, "odd channels"],
    [flops < MIN_FLOPS, "little work"],
    [tiles < leastTiles, "few tiles"],
  ];
  return obstacles.find(([present]) => present)?.[1];
}

/**
 * The same for the weight gradient: the threads' sums must also fit into {@link MAX_SUM_BYTES}, and
 * there must be enough tiles to add to them.
 */
export function weightGradientObstacle(
  geometry: ConvolutionGeometry,
  options: Pick<CompileOptions, "precision" | "threads">,
): string | undefined {
  const { bytes } = productMatrices(geometry.inChannels, geometry.outChannels);
  const obstacle = winogradObstacle(geometry, options);
  if (obstacle) return obstacle;
  const few = bytes > LARGE && tilesOf(geometry) < LARGE_SUMS_LEAST_TILES;
  return few || options.threads * bytes > MAX_SUM_BYTES ? "large sums" : undefined;
}

/** A tensor that is read or written in tiles. */
export interface TiledImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A matrix of rows of channels for each of the 36 products. */
export interface ProductMatrices {
  readonly channels: number;
  /** Bytes from one matrix to the next. */
  readonly step: number;
  readonly bytes: number;
}

/** 36 matrices of `rows` × `channels`. */
export function productMatrices(rows: number, channels: number): ProductMatrices {
  const step = 4 * rows * channels + SKEW;
  return { channels, step, bytes: PRODUCTS * step };
}

/** How a 3×3 convolution of stride 1 is split into tiles of 4×4 results. */
export interface WinogradPlan {
  readonly source: TiledImage;
  readonly result: TiledImage;
  /** Rows and columns of zeros before the source. */
  readonly padding: Pair;
  /** Tiles of an image, down and across. */
  readonly tileRows: number;
  readonly tileColumns: number;
  /** Rows of tiles that a thread processes at a time; they may belong to several images. */
  readonly blockRows: number;
  /** Tiles that the matrix kernel processes at a time. */
  readonly matrixRows: number;
  /** The block's source and result matrices, a row for each tile. */
  readonly sourceMatrices: ProductMatrices;
  readonly resultMatrices: ProductMatrices;
}

/** Images that fill a block. */
export function imagesOfBlock({ blockRows, tileRows }: WinogradPlan): number {
  return Math.ceil(blockRows / tileRows);
}

/** {@link planWinograd} for the weight gradient, whose sums are read and written once per block. */
export function planWinogradGradient(
  source: TiledImage,
  result: TiledImage,
  padding: Pair,
  heights: readonly number[],
): WinogradPlan {
  return planWinograd(source, result, padding, heights, LARGE_SUMS_TILES);
}

/**
 * Splits a convolution of `source` with `padding` zeros before it into tiles.
 *
 * @param heights tiles that the matrix kernel may process at a time, the best first
 * @param largeTiles minimum tiles per block, if what is read once per block exceeds the cache
 */
export function planWinograd(
  source: TiledImage,
  result: TiledImage,
  padding: Pair,
  heights: readonly number[],
  largeTiles = LARGE_KERNEL_TILES,
): WinogradPlan {
  const tileRows = Math.ceil(result.height / TILE);
  const tileColumns = Math.ceil(result.width / TILE);
  const tileBytes = 4 * PRODUCTS * (source.channels + result.channels);
  const { bytes } = productMatrices(source.channels, result.channels);
  const leastTiles = bytes > LARGE ? largeTiles : MIN_BLOCK_TILES;
  const blockTiles = Math.max(leastTiles, BLOCK_BYTES / tileBytes);
  const wanted = Math.ceil(blockTiles / tileColumns);
  // Whole images, if one fits: a thread then has no smaller block at the end of a few images.
  const blockRows = wanted < tileRows ? wanted : wanted - wanted % tileRows;
  // Whole tiles of the matrix kernel: its last one may compute with data that an earlier block
  // left.
  const rowsIn = (height: number) => Math.ceil(blockRows * tileColumns / height) * height;
  const matrixRows = heights.reduce((a, b) => rowsIn(b) < rowsIn(a) ? b : a);
  const rows = rowsIn(matrixRows);
  return {
    source: extentsOf(source),
    result: extentsOf(result),
    padding,
    tileRows,
    tileColumns,
    blockRows,
    matrixRows,
    sourceMatrices: productMatrices(rows, source.channels),
    resultMatrices: productMatrices(rows, result.channels),
  };
}

/** Only the extents: plans are keys of kernels, which do not depend on where tensors are stored. */
function extentsOf({ channels, height, width }: TiledImage): TiledImage {
  return { channels, height, width };
}

/** Tile rows that cover the same part of an image share the code that reads or writes it. */
export interface TileRowKind {
  /** The last tile row of this kind. */
  readonly last: number;
  /** Rows of the tile or patch, from `first` to before `end`, that are inside the image. */
  readonly first: number;
  readonly end: number;
}

/** Groups tile rows by which of the `extent` image rows from `4 · row - padding` on exist. */
export function tileRowKinds(
  tileRows: number,
  extent: number,
  padding: number,
  height: number,
): TileRowKind[] {
  const kinds: TileRowKind[] = [];
  for (let row = 0; row < tileRows; row++) {
    const top = TILE * row - padding;
    const first = Math.max(0, -top);
    const end = Math.min(extent, height - top);
    const previous = kinds.at(-1);
    if (previous?.first === first && previous.end === end) kinds.pop();
    kinds.push({ last: row, first, end });
  }
  return kinds;
}
