/**
 * The weight gradient of a convolution of several taps that reads each pixel once for all taps: a
 * workgroup computes all taps of a few input channels. It iterates over rectangles of output
 * positions and stages, for each, the patch of the input under it and the output's gradient.
 */
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import { forwardComponent } from "../../../ops/polyphase.ts";
import { type Lowering, MAX_INVOCATIONS, storedBytes, WORKGROUP_BYTES } from "../kernel.ts";
import { sumInParts, type WeightGradientRefs } from "./conv2d_weight_gradient.ts";
import wgsl from "./conv2d_weight_gradient_patch.wgsl" with { type: "text" };
import { groupChannels } from "./convolution.ts";
import { addProducts, type GemmTile, storeSums, tileGrid, tileThreads } from "./gemm.ts";
import { isRunnable, tileColumns, tileName, WANTED_TILES } from "./gemm_tiles.ts";
import {
  cutImages,
  orderVariants,
  type PatchVariant,
  rectangleConstants,
  type Rectangles,
} from "./patches.ts";
import patches from "./patches.wgsl" with { type: "text" };

/** Rectangles of positions, rows × columns. Measure with `deno task tune CONFIG`. */
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

/**
 * Ways to cut a weight gradient, the one that suits most GPUs first: the largest rectangles of
 * positions that fit into workgroup memory. None if none fits or the kernel has one tap.
 */
export function weightPatchVariants(
  geometry: ConvolutionGeometry,
  software: boolean,
): PatchVariant<WeightPatchPlan>[] {
  const { groupIn, groupOut } = groupChannels(geometry);
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
  return orderVariants(variants, software);
}

function variantOf(patches: WeightPatchPlan): PatchVariant<WeightPatchPlan> {
  const { rows, columns, parts, tile } = patches;
  return { name: `patches ${rows}x${columns} in ${parts} parts, ${tileName(tile)}`, patches };
}

/** What distinguishes the ways to cut a weight gradient. */
interface WeightPatchChoice {
  readonly rectangle: Pair;
  /** Input and output channels of a workgroup. */
  readonly channels: number;
  readonly width: number;
  readonly threadColumns: number;
  /** Workgroups wanted, if there is enough work. */
  readonly workgroups: number;
}

/** Cuts a weight gradient; undefined if that does not fit or wastes too much. */
function planWeightPatches(
  geometry: ConvolutionGeometry,
  { rectangle, channels, width, threadColumns, workgroups }: WeightPatchChoice,
): WeightPatchPlan | undefined {
  const { batch, groups, kernelSize } = geometry;
  const { groupIn, groupOut } = groupChannels(geometry);
  const taps = kernelSize[0] * kernelSize[1];
  const [rows, inner] = rectangle;
  const cut = cutImages(forwardComponent(geometry, 0), forwardComponent(geometry, 1), rectangle);
  const tile = { rows: taps * channels, columns: width, inner, threadRows: 4, threadColumns };
  if (taps === 1 || !cut || tileThreads(tile) > MAX_INVOCATIONS) return;
  const bytes = 4 * (channels * cut.patchRows * cut.patchColumns + width * rows * inner);
  if (bytes > WORKGROUP_BYTES) return;
  const all = batch * cut.downImage * cut.acrossImage;
  const tiles = Math.ceil(groupIn / channels) * Math.ceil(groupOut / width) * groups;
  const rectangles = Math.ceil(all / Math.min(all, Math.ceil(workgroups / tiles)));
  return { ...cut, tile, channels, parts: Math.ceil(all / rectangles), rectangles };
}

/** Adds the dispatches. Groups must begin at whole vectors. */
export function weightGradientPatches(
  geometry: ConvolutionGeometry,
  plan: WeightPatchPlan,
  refs: WeightGradientRefs,
  lowering: Lowering,
): void {
  const { groupIn, groupOut } = groupChannels(geometry);
  const { tile, channels, patchRows, patchColumns, parts } = plan;
  const columnTiles = Math.ceil(groupOut / tile.columns);
  const channelTiles = Math.ceil(groupIn / channels);
  const rectangles = geometry.batch * plan.downImage * plan.acrossImage;
  const patchBytes = storedBytes(refs.source, 4 * patchRows * patchColumns * groupIn * columnTiles);
  const gradientBytes = storedBytes(
    refs.dy,
    4 * plan.rows * plan.columns * groupOut * channelTiles,
  );
  sumInParts(geometry, parts, refs, {
    ...tileGrid(tile),
    name: "conv2dWeightGradient patches",
    tiles: channelTiles * columnTiles,
    readBytes: geometry.groups * rectangles * (patchBytes + gradientBytes),
    constants: {
      ...tileGrid(tile).constants,
      ...rectangleConstants(plan, forwardComponent(geometry, 0), forwardComponent(geometry, 1)),
      COLUMN_TILES: columnTiles,
      CHANNELS: channels,
      RECTANGLES: rectangles,
      PART_RECTANGLES: plan.rectangles,
    },
    wgsl: [addProducts("outer", tile, tile.inner), patches, wgsl, storeSums(tile)].join("\n"),
  }, lowering);
}
