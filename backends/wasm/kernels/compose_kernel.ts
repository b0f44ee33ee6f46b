/**
 * Kernels of `composeKernel` and its gradient by `W`: the kernel's rows that meet a channel of D,
 * times the channel's matrix D + identity. The matrices are packed first, then all rows are walked
 * in memory order: large layers have far more rows than fit into a cache.
 */

import type { GraphNode } from "../../../graph/types.ts";
import {
  type ComposeKernelAttributes,
  type ComposeKernelGeometry,
  composeKernelGeometry,
  composeKernelShapes,
  tiledIdentity,
} from "../../../ops/compose_kernel.ts";
import { type AnyFunction, f32, i32, type Local, type Target } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { compositionFlops, forEachStretch, rowsOf } from "./compose_rows.ts";
import { GemmTile } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import {
  forEachPanel,
  packPanels,
  panelOffset,
  type Panels,
  panelsOf,
  type PanelSource,
} from "./panels.ts";
import { tileSize } from "./register_tile.ts";

/** The composition and its gradient by W: rows times a matrix built from D. */
export const composeKernel: KernelFamily = {
  ops: ["composeKernel", "composeKernelWGradient"],
  lower(node: GraphNode, lowering: Lowering): void {
    const [rows, d] = node.inputs;
    const [result] = node.outputs;
    const attributes: ComposeKernelAttributes = node.attributes;
    const forward = node.op.name === "composeKernel";
    const geometry = composeKernelGeometry((forward ? rows : result).shape, attributes);
    const shapes = composeKernelShapes(geometry);
    const { area, depthMultiplier } = geometry;
    const matrix: ChannelMatrix = forward
      ? { depth: depthMultiplier, columns: area, depthStep: 4, columnStep: 4 * depthMultiplier }
      : { depth: area, columns: depthMultiplier, depthStep: 4 * depthMultiplier, columnStep: 4 };
    const { target } = lowering;
    const { blocks, outer, inner } = rowsOf(geometry);
    const key = `${node.op.name} ${JSON.stringify(geometry)}`;
    const matrices = lowering.scratch(
      geometry.inChannels * panelsOf(target, matrix.depth, matrix.columns).bytes,
    );
    lowering.launch({
      kernel: `${key} matrices`,
      build: (f) => emitMatrices(f, target, geometry, matrix),
      args: { d: lowering.ref(d, shapes.depthwise), matrices },
      writes: ["matrices"],
      items: geometry.inChannels,
      detail: "pack",
    });
    lowering.launch({
      kernel: key,
      build: (f) => emitRowProducts(f, target, geometry, matrix),
      args: {
        rows: lowering.ref(rows, forward ? shapes.weight : shapes.kernel),
        matrices,
        result: lowering.ref(result, forward ? shapes.kernel : shapes.weight),
      },
      writes: ["result"],
      items: blocks * Math.ceil(outer / tileSize(target).rows) * inner,
      flops: compositionFlops(geometry),
    });
  },
};

/** The matrix of one channel by which rows are multiplied; steps are bytes in D. */
interface ChannelMatrix {
  readonly depth: number;
  readonly columns: number;
  readonly depthStep: number;
  readonly columnStep: number;
}

/** Writes, for every channel, the packing of its matrix. */
function emitMatrices(
  f: KernelFunction<"d" | "matrices">,
  target: Target,
  geometry: ComposeKernelGeometry,
  matrix: ChannelMatrix,
): void {
  const { depth, columns, depthStep, columnStep } = matrix;
  const { d, matrices, first, end } = f.parameters;
  const panels = panelsOf(target, depth, columns);
  const source: PanelSource = {
    batch: 1,
    batchStep: 0,
    columnStep,
    depthLoops: [{ count: depth, sourceStep: depthStep, depthStep: 1 }],
  };
  const channel = f.i32(), from = f.i32(), to = f.i32();
  f.set(from, i32.add(d, i32.mul(first, 4 * depth * columns)));
  f.set(to, i32.add(matrices, i32.mul(first, panels.bytes)));
  f.loop(channel, first, end, 1, () => {
    packPanels(f, panels, source, from, to);
    addIdentity(f, geometry, matrix, panels, to);
    f.increment(from, 4 * depth * columns);
    f.increment(to, panels.bytes);
  });
}

/**
 * Writes the products of the rows with their channels' matrices. An item is a tile: a few rows of
 * one channel. The next item is those of the next channel, which are adjacent in memory.
 */
function emitRowProducts(
  f: KernelFunction<"rows" | "matrices" | "result">,
  target: Target,
  geometry: ComposeKernelGeometry,
  { depth, columns }: ChannelMatrix,
): void {
  const { rows, matrices, result } = f.parameters;
  const { outer, inner } = rowsOf(geometry);
  const panels = panelsOf(target, depth, columns);
  const window = { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: depth };
  const tile = new GemmTile(f, target);
  const block = f.i32(), index = f.i32(), row = f.i32(), channel = f.i32();
  const a = f.i32(), panel = f.i32(), c = f.i32(), cColumn = f.i32();
  const emitTile = (rows: number) => {
    f.set(cColumn, c);
    forEachPanel(f, panels, [cColumn], (vectors, lanes) => {
      const size = { rows, vectors, lanes };
      tile.clear(size);
      tile.addRows(size, a, 4 * inner * depth, window, panel);
      tile.store(size, cColumn, 4 * inner * columns);
      f.increment(panel, 16 * vectors * depth);
    });
    f.increment(a, 4 * depth);
    f.increment(c, 4 * columns);
  };
  const { rows: tileRows } = tileSize(target);
  const lines = Math.ceil(outer / tileRows), rest = outer % tileRows;
  forEachStretch(f, inner, ({ line, place, count }) => {
    f.set(block, i32.divU(line, lines));
    f.set(index, i32.sub(line, i32.mul(block, lines)));
    f.set(row, i32.add(i32.mul(block, outer), i32.mul(index, tileRows)));
    f.set(row, i32.add(i32.mul(row, inner), place));
    f.set(a, i32.add(rows, i32.mul(row, 4 * depth)));
    f.set(c, i32.add(result, i32.mul(row, 4 * columns)));
    f.set(channel, i32.add(i32.mul(block, inner), place));
    f.set(panel, i32.add(matrices, i32.mul(channel, panels.bytes)));
    const emitTiles = (rows: number) => repeat(f, count, () => emitTile(rows));
    if (rest === 0 || lines === 1) return emitTiles(rest || tileRows);
    f.if(i32.eq(index, lines - 1), () => emitTiles(rest), () => emitTiles(tileRows));
  });
}

/** Writes the adding of the tiled identity to a packed matrix. */
function addIdentity(
  f: AnyFunction,
  geometry: ComposeKernelGeometry,
  { depth, columns, depthStep }: ChannelMatrix,
  panels: Panels,
  packed: Local<"i32">,
): void {
  // D's elements are (m, s); s is the index that is contiguous in D.
  const depthIsS = depthStep === 4;
  for (let row = 0; row < depth; row++) {
    for (let column = 0; column < columns; column++) {
      const [m, s] = depthIsS ? [column, row] : [row, column];
      if (tiledIdentity(geometry, m, s) === 0) continue;
      const offset = panelOffset(panels, row, column);
      f.emit(f32.store(packed, f32.add(f32.load(packed, offset), 1), offset));
    }
  }
}
