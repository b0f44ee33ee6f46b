/**
 * Kernel of `composeKernelDGradient`: for every channel of D the sum over its rows of a row of the
 * kernel's gradient times one of `W`. A thread has some of the channels and walks their rows a few
 * at a time, in memory order.
 */

import type { GraphNode } from "../../../graph/types.ts";
import {
  type ComposeKernelGeometry,
  composeKernelGeometry,
  composeKernelShapes,
} from "../../../ops/compose_kernel.ts";
import { i32, memory, type Target } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { compositionFlops, forEachStretch, rowsOf } from "./compose_rows.ts";
import { GemmTile, type OuterSteps } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelsOf } from "./panels.ts";
import { forTileRows } from "./register_tile.ts";

/**
 * Rows of a channel that are processed before the next channel's. In large layers more rows are so
 * far apart that they share few cache sets. Bench:
 * `deno task kernel composeKernelDGradient --shape 512x512x3x3 --shape 512x512x9 --attribute kernelSize=[3,3]`.
 */
const CHUNK_ROWS = 8;

/** The gradient by D. */
export const composeKernelDGradient: KernelFamily = {
  ops: ["composeKernelDGradient"],
  lower(node: GraphNode, lowering: Lowering): void {
    const [kernelGradient, w] = node.inputs;
    const geometry = composeKernelGeometry(w.shape, node.attributes);
    const shapes = composeKernelShapes(geometry);
    lowering.launch({
      kernel: `${node.op.name} ${JSON.stringify(geometry)}`,
      build: (f) => emitOuterProducts(f, lowering.target, geometry),
      args: {
        kernelGradient: lowering.ref(kernelGradient, shapes.kernel),
        w: lowering.ref(w, shapes.weight),
        result: lowering.ref(node.outputs[0], shapes.depthwise),
      },
      writes: ["result"],
      items: geometry.inChannels,
      flops: compositionFlops(geometry),
    });
  },
};

/** Writes the sums of a share of the channels; between chunks of rows they are in the result. */
function emitOuterProducts(
  f: KernelFunction<"kernelGradient" | "w" | "result">,
  target: Target,
  geometry: ComposeKernelGeometry,
): void {
  const { area, depthMultiplier } = geometry;
  const { kernelGradient, w, result } = f.parameters;
  const { outer, inner } = rowsOf(geometry);
  const panels = panelsOf(target, 0, depthMultiplier);
  const aBytes = 4 * area, bBytes = 4 * depthMultiplier, channelBytes = area * bBytes;
  const tile = new GemmTile(f, target);
  const row = f.i32(), sums = f.i32(), c = f.i32(), cRow = f.i32();
  const a = f.i32(), aRow = f.i32(), aFirst = f.i32();
  const b = f.i32(), bRow = f.i32(), bFirst = f.i32();

  /** Adds the products of a chunk of a channel's rows to `rows` rows of its matrix. */
  const emitRows = (rows: number, steps: OuterSteps) => {
    f.set(b, bRow);
    f.set(c, cRow);
    forEachPanel(f, panels, [b, c], (vectors, lanes) => {
      const size = { rows, vectors, lanes };
      tile.load(size, c, bBytes);
      tile.addOuterProducts(size, a, b, steps);
      tile.store(size, c, bBytes);
    });
    f.increment(a, 4 * rows);
    f.increment(cRow, rows * bBytes);
  };
  forEachStretch(f, inner, ({ item, line, place, count }) => {
    const emitChunk = (chunkRows: number) => {
      const steps: OuterSteps = {
        rows: 1,
        columns: chunkRows,
        aStep: inner * aBytes,
        bStep: inner * bBytes,
        aRowStep: 0,
        bRowStep: 0,
      };
      f.set(aRow, aFirst);
      f.set(bRow, bFirst);
      f.set(cRow, sums);
      repeat(f, count, () => {
        f.set(a, aRow);
        forTileRows(f, target, area, (rows) => emitRows(rows, steps));
        f.increment(aRow, aBytes);
        f.increment(bRow, bBytes);
      });
      f.increment(aFirst, chunkRows * steps.aStep);
      f.increment(bFirst, chunkRows * steps.bStep);
    };
    f.set(row, i32.add(i32.mul(line, outer * inner), place));
    f.set(aFirst, i32.add(kernelGradient, i32.mul(row, aBytes)));
    f.set(bFirst, i32.add(w, i32.mul(row, bBytes)));
    f.set(sums, i32.add(result, i32.mul(item, channelBytes)));
    f.emit(memory.fill(sums, 0, i32.mul(count, channelBytes)));
    repeat(f, Math.floor(outer / CHUNK_ROWS), () => emitChunk(CHUNK_ROWS));
    if (outer % CHUNK_ROWS > 0) emitChunk(outer % CHUNK_ROWS);
  });
}
