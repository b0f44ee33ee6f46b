/**
 * Winograd convolution F(4×4, 3×3): 3×3 convolutions of stride 1, and their input gradients, with a
 * quarter of the multiplications. A thread processes its rows of tiles in blocks small enough for
 * the cache: it transforms the tiles into 36 matrices, multiplies each by its transformed kernel,
 * and transforms back.
 */

import type { Pair } from "../../../ops/convolution_geometry.ts";
import { call, type FunctionBuilder, i32, type Target } from "../../../assembler/mod.ts";
import type { Activation } from "../epilogues.ts";
import type { FunctionLibrary, KernelFunction, Lowering, Ref } from "../kernel.ts";
import { activationKey } from "./activation_code.ts";
import { GemmTile } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, type Panels, panelsOf } from "./panels.ts";
import { tileHeights } from "./register_tile.ts";
import { blockScratch, forEachBlock, transformRows } from "./winograd_blocks.ts";
import {
  imagesOfBlock,
  planWinograd,
  type TiledImage,
  type WinogradPlan,
} from "./winograd_plan.ts";
import {
  emitResultTransform,
  type ResultFinish,
  sourceTransformOf,
  TILE_ROW_PARAMETERS,
} from "./winograd_tiles.ts";
import { PRODUCTS } from "./winograd_transforms.ts";
import {
  emitWeightTransform,
  factorMatrices,
  type KernelOrder,
  weightTransform,
} from "./winograd_weights.ts";

/** A tensor in memory, channels last, its channels a multiple of 4. */
export interface StoredImage extends TiledImage {
  readonly ref: Ref;
}

export interface WinogradCorrelation extends KernelOrder {
  readonly images: number;
  readonly source: StoredImage;
  readonly result: StoredImage;
  readonly padding: Pair;
  readonly weight: Ref;
  readonly bias?: Ref;
  /** What is applied to the result, and what is added to it before. */
  readonly activation?: Activation;
  readonly residual?: Ref;
}

/** Adds the launches of a correlation of `source`, padded with zeros, with 3×3 kernels. */
export function lowerWinogradCorrelation(
  lowering: Lowering,
  correlation: WinogradCorrelation,
  flops: number,
): void {
  const { target } = lowering;
  const { images, source, result, padding, weight, bias, activation, residual } = correlation;
  const { channelStep, resultStep, rotated } = correlation;
  const finish: ResultFinish = {
    bias: bias !== undefined,
    activation,
    residual: residual !== undefined,
  };
  const plan = planWinograd(source, result, padding, tileHeights(target));
  const panels = panelsOf(target, source.channels, result.channels);
  const order = { channelStep, resultStep, rotated };
  const factors = lowering.scratch(factorMatrices(panels).bytes);
  const transform = weightTransform(panels);
  const kernels = lowering.threadScratch(transform.scratchBytes);
  lowering.launch({
    kernel: `winograd weights ${JSON.stringify([panels, order])}`,
    build: (f) => emitWeightTransform(f, target, panels, order, kernels.stride),
    args: { weight, factors, scratch: kernels.ref },
    writes: ["factors", "scratch"],
    items: transform.items,
    detail: "transform the kernel",
  });
  const scratch = lowering.threadScratch(blockScratch(plan).bytes);
  lowering.launch({
    kernel: `winograd correlation ${JSON.stringify(plan)} ${finishKey(finish)}`,
    build: (f, library) =>
      emitCorrelation(f, library, target, { plan, panels, finish, stride: scratch.stride }),
    args: {
      source: source.ref,
      factors,
      bias: bias ?? 0,
      residual: residual ?? 0,
      result: result.ref,
      scratch: scratch.ref,
    },
    writes: ["result", "scratch"],
    items: images * plan.tileRows,
    images: {
      count: images,
      operands: ["source", "residual", "result"],
      least: imagesOfBlock(plan),
    },
    detail: "Winograd",
    flops,
  });
}

/** A finish in kernels' keys; a ReLU is `true`. */
function finishKey({ bias, activation, residual }: ResultFinish): string {
  const key = activation !== undefined && activationKey(activation);
  return JSON.stringify({ bias, relu: key === "relu" || key, residual });
}

function emitCorrelation(
  f: KernelFunction<"source" | "factors" | "bias" | "residual" | "result" | "scratch">,
  library: FunctionLibrary,
  target: Target,
  { plan, panels, finish, stride }: {
    readonly plan: WinogradPlan;
    readonly panels: Panels;
    readonly finish: ResultFinish;
    readonly stride: number;
  },
): void {
  const { source, factors, bias, residual, result, scratch, thread } = f.parameters;
  const key = JSON.stringify(plan);
  const sourceTransform = sourceTransformOf(library, target, plan);
  const products = library.function(
    `winograd products ${key}`,
    PRODUCT_PARAMETERS,
    "void",
    (g) => emitProducts(g, target, plan, panels),
  );
  const resultTransform = library.function(
    `winograd result ${key} ${finishKey(finish)}`,
    TILE_ROW_PARAMETERS,
    "void",
    (g) => emitResultTransform(g, target, plan, finish),
  );
  f.increment(scratch, i32.mul(thread, stride));
  // From a result to its residual.
  if (finish.residual) f.set(residual, i32.sub(residual, result));
  forEachBlock(f, plan, scratch, (block) => {
    const { sourceMatrices, resultMatrices } = block;
    transformRows(f, plan, block, sourceTransform, plan.source, {
      tensor: source,
      matrices: sourceMatrices,
    });
    const { matrixRows } = plan;
    const tiles = i32.add(i32.mul(block.rows, plan.tileColumns), matrixRows - 1);
    f.emit(call(products, {
      tiles: i32.divU(tiles, matrixRows),
      sourceMatrices,
      factors,
      resultMatrices,
    }));
    transformRows(f, plan, block, resultTransform, plan.result, {
      tensor: result,
      matrices: resultMatrices,
      bias,
      residual,
    });
  });
}

const PRODUCT_PARAMETERS = {
  /** Tiles of the matrix kernel. */
  tiles: "i32",
  sourceMatrices: "i32",
  factors: "i32",
  resultMatrices: "i32",
} as const;

/** Writes the 36 products of a block. */
function emitProducts(
  f: FunctionBuilder<typeof PRODUCT_PARAMETERS, "void">,
  target: Target,
  { source, result, matrixRows: rows, sourceMatrices, resultMatrices }: WinogradPlan,
  panels: Panels,
): void {
  const { tiles, sourceMatrices: from, factors, resultMatrices: to } = f.parameters;
  const tile = new GemmTile(f, target);
  const a = f.i32(), c = f.i32(), column = f.i32();
  const pitch = 4 * source.channels, resultPitch = 4 * result.channels;
  repeat(f, PRODUCTS, () => {
    f.set(column, to);
    forEachPanel(f, panels, [column], (vectors) => {
      const size = { rows, vectors };
      const window = { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: source.channels };
      f.set(a, from);
      f.set(c, column);
      repeat(f, tiles, () => {
        tile.clear(size);
        tile.addRows(size, a, pitch, window, factors);
        tile.store(size, c, resultPitch);
        f.increment(a, rows * pitch);
        f.increment(c, rows * resultPitch);
      });
      f.increment(factors, 16 * vectors * panels.depth);
    });
    f.increment(factors, factorMatrices(panels).step - panels.bytes);
    f.increment(from, sourceMatrices.step);
    f.increment(to, resultMatrices.step);
  });
}
