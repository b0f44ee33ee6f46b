/** The walk over blocks of tile rows that all Winograd kernels share. */

import {
  type AnyFunction,
  call,
  type Callable,
  i32,
  type Local,
  memory,
  type Operand,
  select,
} from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";
import type { TiledImage, WinogradPlan } from "./winograd_plan.ts";
import { TILE_ROW_PARAMETERS, workBytes } from "./winograd_tiles.ts";

/** A thread's memory: byte offsets of its parts, and its size. */
export function blockScratch(plan: WinogradPlan) {
  const work = 0;
  const sourceMatrices = work + workBytes(plan);
  const resultMatrices = sourceMatrices + plan.sourceMatrices.bytes;
  const bytes = resultMatrices + plan.resultMatrices.bytes;
  return { work, sourceMatrices, resultMatrices, bytes };
}

/** The current block, in locals of the kernel. */
export interface Block {
  /** First row of tiles, counted over all images, and how many rows. */
  readonly first: Local<"i32">;
  readonly rows: Local<"i32">;
  /** Addresses of the parts of the thread's memory. */
  readonly work: Local<"i32">;
  readonly sourceMatrices: Local<"i32">;
  readonly resultMatrices: Local<"i32">;
}

/** Writes a loop over the blocks of a share; the thread's memory begins at `scratch`. */
export function forEachBlock(
  f: KernelFunction,
  plan: WinogradPlan,
  scratch: Local<"i32">,
  body: (block: Block) => void,
): void {
  const offsets = blockScratch(plan);
  const block: Block = {
    first: f.i32(),
    rows: f.i32(),
    work: f.i32(),
    sourceMatrices: f.i32(),
    resultMatrices: f.i32(),
  };
  const most = f.i32();
  const { first, end, isFirstCall } = f.parameters;
  f.set(block.work, i32.add(scratch, offsets.work));
  f.set(block.sourceMatrices, i32.add(scratch, offsets.sourceMatrices));
  f.set(block.resultMatrices, i32.add(scratch, offsets.resultMatrices));
  f.if(isFirstCall, () => f.emit(memory.fill(block.work, 0, workBytes(plan))));
  f.set(most, plan.blockRows);
  f.loop(block.first, first, end, plan.blockRows, () => {
    f.set(block.rows, i32.sub(end, block.first));
    f.set(block.rows, select("i32", i32.ltU(block.rows, most), block.rows, most));
    body(block);
  });
}

/** Writes the transform of every row of tiles of a block, between a tensor and its matrices. */
export function transformRows(
  f: AnyFunction,
  plan: WinogradPlan,
  block: Block,
  transform: Callable<typeof TILE_ROW_PARAMETERS, "void">,
  { channels, height, width }: TiledImage,
  args: Readonly<
    & Record<"tensor" | "matrices", Operand<"i32">>
    & Partial<Record<"bias" | "residual", Operand<"i32">>>
  >,
): void {
  const row = f.i32(), end = f.i32(), image = f.i32(), to = f.i32();
  f.set(to, args.matrices);
  f.set(end, i32.add(block.first, block.rows));
  f.loopAtLeastOnce(row, block.first, end, 1, () => {
    f.set(image, i32.divU(row, plan.tileRows));
    f.emit(call(transform, {
      image: i32.add(args.tensor, i32.mul(image, 4 * channels * height * width)),
      row: i32.sub(row, i32.mul(image, plan.tileRows)),
      matrices: to,
      work: block.work,
      bias: args.bias ?? 0,
      residual: args.residual ?? 0,
    }));
    f.increment(to, 4 * channels * plan.tileColumns);
  });
}
