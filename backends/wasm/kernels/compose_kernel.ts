/**
 * Kernels of `composeKernel` and its gradients. All three are one small matrix product for every
 * channel of D: the kernel's rows that meet the channel, times the channel's matrix D + identity
 * (or, for the gradient by D, the rows of the two factors multiplied with each other). Threads
 * share the channels.
 */

import type { GraphNode } from "../../../graph/types.ts";
import {
  type ComposeKernelAttributes,
  type ComposeKernelGeometry,
  composeKernelGeometry,
  composeKernelShapes,
  tiledIdentity,
} from "../../../ops/compose_kernel.ts";
import { type AnyFunction, f32, i32, type Local, type Target } from "../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { GemmTile, type OuterSteps } from "./gemm_tile.ts";
import {
  forEachPanel,
  packPanels,
  panelOffset,
  type Panels,
  panelsOf,
  type PanelSource,
} from "./panels.ts";
import { forTileRows } from "./register_tile.ts";

/** The composition and its gradient by W: rows times a matrix made of D. */
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
    const { bytes } = panelsOf(target, matrix.depth, matrix.columns);
    const scratch = lowering.threadScratch(bytes);
    lowering.phase({
      kernel: `${node.op.name} ${JSON.stringify(geometry)}`,
      build: (f) => emitRowProducts(f, target, geometry, matrix, scratch.stride),
      args: {
        rows: lowering.ref(rows, forward ? shapes.weight : shapes.kernel),
        d: lowering.ref(d, shapes.depthwise),
        result: lowering.ref(result, forward ? shapes.kernel : shapes.weight),
        firstRows: lowering.table(firstRows(geometry)),
        scratch: scratch.ref,
      },
      writes: ["result", "scratch"],
      items: geometry.inChannels,
      flops: flopsOf(geometry),
    });
  },
};

/** The gradient by D: for every channel the outer products of its rows. */
export const composeKernelDGradient: KernelFamily = {
  ops: ["composeKernelDGradient"],
  lower(node: GraphNode, lowering: Lowering): void {
    const [kernelGradient, w] = node.inputs;
    const geometry = composeKernelGeometry(w.shape, node.attributes);
    const shapes = composeKernelShapes(geometry);
    lowering.phase({
      kernel: `${node.op.name} ${JSON.stringify(geometry)}`,
      build: (f) => emitOuterProducts(f, lowering.target, geometry),
      args: {
        kernelGradient: lowering.ref(kernelGradient, shapes.kernel),
        w: lowering.ref(w, shapes.weight),
        result: lowering.ref(node.outputs[0], shapes.depthwise),
        firstRows: lowering.table(firstRows(geometry)),
      },
      writes: ["result"],
      items: geometry.inChannels,
      flops: flopsOf(geometry),
    });
  },
};

/** The matrix of one channel, as the rows are multiplied by it; steps are bytes in D. */
interface ChannelMatrix {
  readonly depth: number;
  readonly columns: number;
  readonly depthStep: number;
  readonly columnStep: number;
}

function flopsOf({ outChannels, groupIn, area, depthMultiplier }: ComposeKernelGeometry): number {
  return 2 * outChannels * groupIn * area * depthMultiplier;
}

/** The first kernel row that meets each channel; the others follow every {@link rowStep} rows. */
function firstRows(geometry: ComposeKernelGeometry): Int32Array {
  const { pairing, inChannels, groupIn } = geometry;
  const groupRows = groupIn * rowCount(geometry);
  return Int32Array.from(
    { length: inChannels },
    (_, channel) =>
      pairing === "authors"
        ? channel
        : Math.floor(channel / groupIn) * groupRows + channel % groupIn,
  );
}

/** Rows from one that meets a channel to the next. */
function rowStep({ pairing, inChannels, groupIn }: ComposeKernelGeometry): number {
  return pairing === "authors" ? inChannels : groupIn;
}

/** How many rows meet a channel. */
function rowCount({ outChannels, groups }: ComposeKernelGeometry): number {
  return outChannels / groups;
}

/** Writes, for every channel: pack the matrix, multiply the channel's rows by it. */
function emitRowProducts(
  f: KernelFunction<"rows" | "d" | "result" | "firstRows" | "scratch">,
  target: Target,
  geometry: ComposeKernelGeometry,
  matrix: ChannelMatrix,
  scratchStride: number,
): void {
  const { area, depthMultiplier } = geometry;
  const { depth, columns } = matrix;
  const { rows, d, result, firstRows, scratch, thread, first, end } = f.parameters;
  const panels = panelsOf(target, depth, columns);
  const source: PanelSource = {
    batch: 1,
    batchStep: 0,
    columnStep: matrix.columnStep,
    depthLoops: [{ count: depth, sourceStep: matrix.depthStep, depthStep: 1 }],
  };
  const step = rowStep(geometry), count = rowCount(geometry);
  const tile = new GemmTile(f, target);
  const channel = f.i32(), row = f.i32(), from = f.i32(), panel = f.i32();
  const a = f.i32(), aFirst = f.i32(), c = f.i32(), cColumn = f.i32();
  f.increment(scratch, i32.mul(thread, scratchStride));
  f.loop(channel, first, end, 1, () => {
    f.set(from, i32.add(d, i32.mul(channel, 4 * area * depthMultiplier)));
    packPanels(f, panels, source, from, scratch);
    addIdentity(f, geometry, matrix, panels, scratch);
    f.set(row, i32.load(i32.add(firstRows, i32.mul(channel, 4))));
    f.set(aFirst, i32.add(rows, i32.mul(row, 4 * depth)));
    f.set(cColumn, i32.add(result, i32.mul(row, 4 * columns)));
    f.set(panel, scratch);
    forEachPanel(f, panels, [cColumn], (vectors, lanes) => {
      const emitTile = (rows: number) => {
        const size = { rows, vectors, lanes };
        tile.clear(size);
        const window = { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: depth };
        tile.addRows(size, a, 4 * step * depth, window, panel);
        tile.store(size, c, 4 * step * columns);
        f.increment(a, 4 * rows * step * depth);
        f.increment(c, 4 * rows * step * columns);
      };
      f.set(a, aFirst);
      f.set(c, cColumn);
      forTileRows(f, target, count, emitTile);
      f.increment(panel, 16 * vectors * depth);
    });
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
  // D's elements (m, s): of the two, the one that lies next to itself in D is s.
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

/** Writes, for every channel: the sum over its rows of a column times a row. */
function emitOuterProducts(
  f: KernelFunction<"kernelGradient" | "w" | "result" | "firstRows">,
  target: Target,
  geometry: ComposeKernelGeometry,
): void {
  const { area, depthMultiplier } = geometry;
  const { kernelGradient, w, result, firstRows, first, end } = f.parameters;
  const panels = panelsOf(target, 0, depthMultiplier);
  const step = rowStep(geometry);
  const steps: OuterSteps = {
    rows: 1,
    columns: rowCount(geometry),
    aStep: 4 * step * area,
    bStep: 4 * step * depthMultiplier,
    aRowStep: 0,
    bRowStep: 0,
  };
  const tile = new GemmTile(f, target);
  const channel = f.i32(), row = f.i32();
  const a = f.i32(), b = f.i32(), bFirst = f.i32(), c = f.i32(), cRow = f.i32();
  f.loop(channel, first, end, 1, () => {
    f.set(row, i32.load(i32.add(firstRows, i32.mul(channel, 4))));
    f.set(a, i32.add(kernelGradient, i32.mul(row, 4 * area)));
    f.set(bFirst, i32.add(w, i32.mul(row, 4 * depthMultiplier)));
    f.set(cRow, i32.add(result, i32.mul(channel, 4 * area * depthMultiplier)));
    const emitRows = (rows: number) => {
      f.set(b, bFirst);
      f.set(c, cRow);
      forEachPanel(f, panels, [b, c], (vectors, lanes) => {
        const size = { rows, vectors, lanes };
        tile.clear(size);
        tile.addOuterProducts(size, a, b, steps);
        tile.store(size, c, 4 * depthMultiplier);
      });
      f.increment(a, 4 * rows);
      f.increment(cRow, 4 * rows * depthMultiplier);
    };
    forTileRows(f, target, area, emitRows);
  });
}
