/**
 * The weight gradient of a convolution of several taps, where each pixel is read once for all taps:
 * a workgroup takes all taps of a few input channels, goes through rectangles of output positions,
 * and stages for each the patch of the input under it and the output's gradient.
 */
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import {
  type Lowering,
  MAX_INVOCATIONS,
  storedBytes,
  type Variant,
  WORKGROUP_BYTES,
} from "../kernel.ts";
import { reach, rectangleConstants, type Rectangles } from "./conv2d_patch.ts";
import {
  addPartialSums,
  weightExtents,
  weightGradientConstants,
  type WeightGradientRefs,
} from "./conv2d_weight_gradient.ts";
import { forwardComponent } from "../../../ops/polyphase.ts";
import wgsl from "./conv2d_weight_gradient_patch.wgsl" with { type: "text" };
import { sourceImage } from "./correlation.ts";
import { addProducts, type GemmTile, storeSums, tileConstants, tileThreads } from "./gemm.ts";
import storePartialSums from "./store_partial_sums.wgsl" with { type: "text" };
import {
  busiestFirst,
  isRunnable,
  tileColumns,
  tileName,
  unique,
  WANTED_TILES,
} from "./gemm_tiles.ts";

/** Rectangles of positions, rows × columns. */
const RECTANGLES = [[8, 8], [4, 8], [4, 4]] as const;

/** How a weight gradient is cut. */
export interface WeightPatchPlan extends Rectangles {
  /** Rows: taps, then input channels; inner: a row of positions. */
  readonly tile: GemmTile;
  /** Input channels of a workgroup. */
  readonly channels: number;
  /** Workgroups that share the rectangles of all images, and rectangles of each. */
  readonly parts: number;
  readonly rectangles: number;
}

/** A way to cut a weight gradient, among several. */
export interface WeightPatchVariant extends Variant {
  readonly patches: WeightPatchPlan;
}

/**
 * Ways to cut a weight gradient, the one that suits most adapters first: the largest rectangles of
 * positions that fit into workgroup memory. None where none fits, or the kernel has one tap.
 */
export function weightPatchVariants(
  geometry: ConvolutionGeometry,
  software: boolean,
): WeightPatchVariant[] {
  const { groupIn, groupOut } = weightExtents(geometry);
  const width = tileColumns(groupOut);
  const channels = Math.min(16, groupIn);
  const threadColumns = Math.max(4, width / 4);
  const plan = (rectangle: Pair, channels: number, threadColumns: number, workgroups: number) =>
    planWeightPatches(geometry, { rectangle, channels, width, threadColumns, workgroups });
  const plans = RECTANGLES.flatMap((rectangle) =>
    plan(rectangle, channels, threadColumns, WANTED_TILES) ?? []
  );
  if (plans.length === 0) return [];
  const variants = [variantOf(plans[0])];
  for (const someChannels of [channels, Math.ceil(channels / 8) * 4]) {
    for (const someColumns of [4, 8, 16].filter((columns) => width % columns === 0)) {
      for (const rectangle of RECTANGLES) {
        for (const workgroups of [WANTED_TILES, 4 * WANTED_TILES]) {
          const other = plan(rectangle, someChannels, someColumns, workgroups);
          if (other && isRunnable(tileThreads(other.tile))) variants.push(variantOf(other));
        }
      }
    }
  }
  return software ? busiestFirst(unique(variants)) : unique(variants);
}

function variantOf(patches: WeightPatchPlan): WeightPatchVariant {
  const { rows, columns, parts, tile } = patches;
  return { name: `patches ${rows}x${columns} in ${parts} parts, ${tileName(tile)}`, patches };
}

/** What tells ways to cut a weight gradient apart. */
interface WeightPatchChoice {
  readonly rectangle: Pair;
  /** Input and output channels of a workgroup. */
  readonly channels: number;
  readonly width: number;
  readonly threadColumns: number;
  /** Workgroups to be had, if there is work for so many. */
  readonly workgroups: number;
}

/** Cuts a weight gradient; undefined where that does not fit or wastes too much. */
function planWeightPatches(
  geometry: ConvolutionGeometry,
  { rectangle: [rows, columns], channels, width, threadColumns, workgroups }: WeightPatchChoice,
): WeightPatchPlan | undefined {
  const { batch, groups, kernelSize, outSize } = geometry;
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  if (taps === 1) return undefined;
  const patchRows = reach(forwardComponent(geometry, 0), rows).length;
  const patchColumns = reach(forwardComponent(geometry, 1), columns).length;
  const bytes = 4 * (channels * patchRows * patchColumns + width * rows * columns);
  const tile = {
    rows: taps * channels,
    columns: width,
    inner: columns,
    threadRows: 4,
    threadColumns,
  };
  const downImage = Math.ceil(outSize[0] / rows);
  const acrossImage = Math.ceil(outSize[1] / columns);
  const isWasteful = downImage * rows * acrossImage * columns > 1.5 * outSize[0] * outSize[1] ||
    patchRows * patchColumns > kernelSize[0] * kernelSize[1] * rows * columns;
  if (bytes > WORKGROUP_BYTES || tileThreads(tile) > MAX_INVOCATIONS || isWasteful) {
    return undefined;
  }
  const all = batch * downImage * acrossImage;
  const tiles = Math.ceil(groupIn / channels) * Math.ceil(groupOut / width) * groups;
  const rectangles = Math.ceil(all / Math.min(all, Math.ceil(workgroups / tiles)));
  const parts = Math.ceil(all / rectangles);
  const grid = { downImage, acrossImage, parts, rectangles };
  return { tile, channels, rows, columns, patchRows, patchColumns, ...grid };
}

/** Adds the phases. Groups must begin at whole vectors. */
export function weightGradientPatches(
  geometry: ConvolutionGeometry,
  plan: WeightPatchPlan,
  { input, outputGradient, result }: WeightGradientRefs,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, outSize, paddingMode } = geometry;
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const { tile, channels, patchRows, patchColumns, downImage, acrossImage } = plan;
  const columnTiles = Math.ceil(groupOut / tile.columns);
  const channelTiles = Math.ceil(groupIn / channels);
  const all = batch * downImage * acrossImage;
  const rows = taps * groupIn;
  const partial = lowering.scratch(4 * plan.parts * groups * rows * groupOut, "partial sums");
  lowering.dispatch({
    name: "conv2dWeightGradient patches",
    operands: {
      ...lowering.reads("vec4<f32>", { source: input, dy: outputGradient }),
      ...lowering.writes("vec4<f32>", { partial }),
    },
    workgroupSize: tileThreads(tile),
    workgroups: [channelTiles * columnTiles, groups, plan.parts],
    flops: 2 * batch * outSize[0] * outSize[1] * taps * (inChannels / groups) * outChannels,
    bytes: partial.bytes +
      groups * all *
        (storedBytes(input, 4 * patchRows * patchColumns * groupIn * columnTiles) +
          storedBytes(outputGradient, 4 * plan.rows * plan.columns * groupOut * channelTiles)),
    constants: {
      ...tileConstants(tile),
      ...weightGradientConstants(geometry),
      ...rectangleConstants(plan),
      ROWS: rows,
      COLUMN_TILES: columnTiles,
      CHANNELS: channels,
      RECTANGLES: all,
      PART_RECTANGLES: plan.rectangles,
    },
    wgsl: [
      sourceImage(paddingMode),
      addProducts("outer", tile, tile.inner),
      storePartialSums,
      wgsl,
      storeSums(tile),
    ].join("\n"),
  });
  addPartialSums(geometry, partial, plan.parts, result, lowering);
}
