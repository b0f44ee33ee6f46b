/**
 * The weight gradient by Winograd's algorithm: the transformed tiles of the input times those of the
 * output gradient, summed over all tiles in each thread's own 36 matrices [channel][result], which
 * are then added up in the order of the threads and transformed back into a kernel.
 */

import { call, type FunctionBuilder, i32, memory, type Target } from "../../../assembler/mod.ts";
import type { FunctionLibrary, KernelFunction, Lowering, Ref } from "../kernel.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import { GemmTile } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelsOf } from "./panels.ts";
import { forTileRows, tileHeights } from "./register_tile.ts";
import type { StoredImage } from "./winograd.ts";
import { blockScratch, forEachBlock, transformRows } from "./winograd_blocks.ts";
import {
  imagesOfBlock,
  planWinogradGradient,
  type ProductMatrices,
  productMatrices,
  type WinogradPlan,
} from "./winograd_plan.ts";
import { emitGradientTransform, sourceTransformOf, TILE_ROW_PARAMETERS } from "./winograd_tiles.ts";
import { PRODUCTS } from "./winograd_transforms.ts";
import { emitWeightGradient, weightTransform } from "./winograd_weights.ts";

export interface WinogradWeightGradient {
  readonly images: number;
  readonly input: StoredImage;
  readonly outputGradient: StoredImage;
  readonly padding: Pair;
  readonly weightGradient: Ref;
}

/** Adds the launches of the gradient by a 3×3 kernel. */
export function lowerWinogradWeightGradient(
  lowering: Lowering,
  { images, input, outputGradient, padding, weightGradient }: WinogradWeightGradient,
  flops: number,
): void {
  const { target } = lowering;
  const plan = planWinogradGradient(input, outputGradient, padding, tileHeights(target));
  const key = JSON.stringify(plan);
  const sums = sumsOf(plan);
  const threadSums = lowering.threadScratch(sums.bytes);
  const scratch = lowering.threadScratch(blockScratch(plan).bytes);
  lowering.launch({
    kernel: `winograd weight gradient sums ${key}`,
    build: (f, library) => emitSums(f, library, target, plan, threadSums.stride, scratch.stride),
    args: {
      source: input.ref,
      gradient: outputGradient.ref,
      sums: threadSums.ref,
      scratch: scratch.ref,
    },
    writes: ["sums", "scratch"],
    items: images * plan.tileRows,
    images: { count: images, operands: ["source", "gradient"], least: imagesOfBlock(plan) },
    detail: "Winograd",
    flops,
  });
  const { channels } = plan.source, results = plan.result.channels;
  const panels = panelsOf(target, channels, results);
  const transform = weightTransform(panels);
  const kernels = lowering.threadScratch(transform.scratchBytes);
  lowering.launch({
    kernel: `winograd weight gradient ${JSON.stringify([channels, results])}`,
    build: (f) =>
      emitWeightGradient(f, lowering, panels, sums.step, {
        sums: threadSums.stride,
        scratch: kernels.stride,
      }),
    args: { sums: threadSums.ref, weightGradient, scratch: kernels.ref },
    writes: ["weightGradient", "scratch"],
    items: transform.items,
    detail: "add the threads' sums, transform",
  });
}

/** A thread's sums: for each of the 36 products a matrix [channel][result]. */
function sumsOf({ source, result }: WinogradPlan): ProductMatrices {
  return productMatrices(source.channels, result.channels);
}

function emitSums(
  f: KernelFunction<"source" | "gradient" | "sums" | "scratch">,
  library: FunctionLibrary,
  target: Target,
  plan: WinogradPlan,
  sumsStride: number,
  scratchStride: number,
): void {
  const { source, gradient, sums, scratch, thread, first, end, isFirstCall } = f.parameters;
  const begins = f.i32();
  const key = JSON.stringify(plan);
  const sourceTransform = sourceTransformOf(library, target, plan);
  const gradientTransform = library.function(
    `winograd gradient ${key}`,
    TILE_ROW_PARAMETERS,
    "void",
    (g) => emitGradientTransform(g, target, plan),
  );
  const products = library.function(
    `winograd outer products ${key}`,
    PRODUCT_PARAMETERS,
    "void",
    (g) => emitProducts(g, target, plan),
  );
  f.increment(scratch, i32.mul(thread, scratchStride));
  f.increment(sums, i32.mul(thread, sumsStride));
  // The first block's products overwrite the sums; a thread without blocks has sums of zero.
  f.set(begins, isFirstCall);
  f.if(i32.and(isFirstCall, i32.geU(first, end)), () => {
    f.emit(memory.fill(sums, 0, sumsOf(plan).bytes));
  });
  forEachBlock(f, plan, scratch, (block) => {
    const { sourceMatrices, resultMatrices } = block;
    transformRows(f, plan, block, sourceTransform, plan.source, {
      tensor: source,
      matrices: sourceMatrices,
    });
    transformRows(f, plan, block, gradientTransform, plan.result, {
      tensor: gradient,
      matrices: resultMatrices,
    });
    f.emit(call(products, { rows: block.rows, sourceMatrices, resultMatrices, sums, begins }));
    f.set(begins, 0);
  });
}

const PRODUCT_PARAMETERS = {
  /** Rows of tiles. */
  rows: "i32",
  sourceMatrices: "i32",
  resultMatrices: "i32",
  sums: "i32",
  /** Whether these are the first products, which overwrite the sums. */
  begins: "i32",
} as const;

/** Adds a block's 36 products to the sums, or overwrites them with the first ones. */
function emitProducts(
  f: FunctionBuilder<typeof PRODUCT_PARAMETERS, "void">,
  target: Target,
  plan: WinogradPlan,
): void {
  const { source, result, sourceMatrices, resultMatrices, tileColumns } = plan;
  const { sourceMatrices: from, resultMatrices: other, sums, begins } = f.parameters;
  const tile = new GemmTile(f, target);
  const panels = panelsOf(target, 0, result.channels);
  const pitch = 4 * source.channels, resultPitch = 4 * result.channels;
  const a = f.i32(), b = f.i32(), c = f.i32();
  const steps = {
    rows: f.parameters.rows,
    columns: tileColumns,
    aStep: pitch,
    bStep: resultPitch,
    aRowStep: tileColumns * pitch,
    bRowStep: tileColumns * resultPitch,
  };
  repeat(f, PRODUCTS, () => {
    f.set(a, from);
    forTileRows(f, target, source.channels, (rows) => {
      f.set(b, other);
      f.set(c, sums);
      forEachPanel(f, panels, [b, c], (vectors) => {
        const size = { rows, vectors };
        f.if(begins, () => tile.clear(size), () => tile.load(size, c, resultPitch));
        tile.addOuterProducts(size, a, b, steps);
        tile.store(size, c, resultPitch);
      });
      f.increment(a, 4 * rows);
      f.increment(sums, rows * resultPitch);
    });
    f.increment(sums, sumsOf(plan).step - source.channels * resultPitch);
    f.increment(from, sourceMatrices.step);
    f.increment(other, resultMatrices.step);
  });
}
