/**
 * Packed panels: a matrix in the order in which tiles read it.
 *
 * A matrix of `depth` rows is split into panels as wide as a tile, each stored row after row; the
 * last panel may be narrower, by whole vectors. A tile then reads its factors from consecutive
 * addresses. Missing columns and missing depth are zeros.
 */

import {
  type AnyFunction,
  f32,
  i32,
  type Local,
  memory,
  type Target,
  v128,
} from "../../../assembler/mod.ts";
import type { KernelFunction, Lowering, Ref } from "../kernel.ts";
import { repeat } from "./loops.ts";
import { tileSize } from "./register_tile.ts";
import { Transposition } from "./transpose.ts";

/** How a matrix is split into panels. */
export interface Panels {
  /** Floats of a column, the length of the reduction. */
  readonly depth: number;
  readonly columns: number;
  /** Vectors per row of the panels before the last, and how many of those there are. */
  readonly fullVectors: number;
  readonly fullCount: number;
  /** Vectors per row of the last panel; 0 if the full ones cover all columns. */
  readonly tailVectors: number;
  /** Bytes of a full panel, and of all panels. */
  readonly fullBytes: number;
  readonly bytes: number;
}

/** Splits a matrix of `depth` × `columns` into panels. */
export function panelsOf(target: Target, depth: number, columns: number): Panels {
  const fullVectors = tileSize(target).vectors;
  const vectors = Math.ceil(columns / 4);
  const fullCount = Math.floor(vectors / fullVectors);
  return {
    depth,
    columns,
    fullVectors,
    fullCount,
    tailVectors: vectors % fullVectors,
    fullBytes: 16 * fullVectors * depth,
    bytes: 16 * vectors * depth,
  };
}

/** How many panels there are. */
export function panelCount({ fullCount, tailVectors }: Panels): number {
  return fullCount + (tailVectors > 0 ? 1 : 0);
}

/** Floats of a panel's last vector that are columns of the matrix. */
export function tailLanes({ columns }: Panels): number {
  return (columns - 1) % 4 + 1;
}

/**
 * Writes a loop over the panels; each of `across` advances by the panel's columns between rounds.
 *
 * @param body Writes the work on a panel of `vectors` vectors, the last of `lanes` lanes.
 */
export function forEachPanel(
  f: AnyFunction,
  panels: Panels,
  across: readonly Local<"i32">[],
  body: (vectors: number, lanes: number) => void,
): void {
  const { fullVectors, fullCount, tailVectors } = panels;
  const lanes = tailLanes(panels);
  const full = (lastLanes: number) => () => {
    body(fullVectors, lastLanes);
    for (const pointer of across) f.increment(pointer, 16 * fullVectors);
  };
  const partial = tailVectors === 0 && lanes < 4;
  repeat(f, partial ? fullCount - 1 : fullCount, full(4));
  if (partial) full(lanes)();
  if (tailVectors > 0) body(tailVectors, lanes);
}

/** A loop over the rows of a matrix: how many, and how far apart the elements are. */
export interface DepthLoop {
  readonly count: number;
  /** Bytes from one element of the source to the next; may be negative. */
  readonly sourceStep: number;
  /** Rows of the matrix from one iteration to the next. */
  readonly depthStep: number;
}

/** Where the elements of a batch of matrices are stored: a nest of loops, outermost first. */
export interface PanelSource {
  /** Matrices, stored packed one after another, and bytes between their first elements. */
  readonly batch: number;
  readonly batchStep: number;
  /** Bytes between neighbouring columns. */
  readonly columnStep: number;
  readonly depthLoops: readonly DepthLoop[];
}

/** Adds a launch that packs a batch of matrices. */
export function lowerPacking(
  lowering: Lowering,
  panels: Panels,
  source: PanelSource,
  matrices: Ref,
  packed: Ref,
): void {
  lowering.launch({
    kernel: `pack panels ${JSON.stringify([panels, source])}`,
    build: (f) => emitPacking(f, panels, source),
    args: { matrices, packed },
    writes: ["packed"],
    items: source.batch * panelCount(panels),
    detail: "pack",
  });
}

/** Writes the packing of a batch of matrices, whose panels are the items. */
function emitPacking(
  f: KernelFunction<"matrices" | "packed">,
  panels: Panels,
  source: PanelSource,
): void {
  const { fullVectors, tailVectors, fullBytes, depth, columns } = panels;
  const perMatrix = panelCount(panels);
  const { first, end } = f.parameters;
  const item = f.i32(), matrix = f.i32(), index = f.i32(), read = f.i32(), write = f.i32();
  const pack = (vectors: number, realColumns: number) =>
    packPanel(f, depth, source, read, write, vectors, realColumns);
  const lastColumns = columns - 4 * fullVectors * (perMatrix - 1);
  f.loop(item, first, end, 1, () => {
    f.set(matrix, i32.divU(item, perMatrix));
    f.set(index, i32.sub(item, i32.mul(matrix, perMatrix)));
    f.set(read, i32.add(f.parameters.matrices, i32.mul(matrix, source.batchStep)));
    f.increment(read, i32.mul(index, 4 * fullVectors * source.columnStep));
    f.set(write, i32.add(f.parameters.packed, i32.mul(matrix, panels.bytes)));
    f.increment(write, i32.mul(index, fullBytes));
    f.if(
      i32.eq(index, perMatrix - 1),
      () => pack(tailVectors || fullVectors, lastColumns),
      () => pack(fullVectors, 4 * fullVectors),
    );
  });
}

/** Writes the packing of one matrix by the calling thread. */
export function packPanels(
  f: AnyFunction,
  { depth, columns, fullVectors, fullBytes }: Panels,
  source: PanelSource,
  from: Local<"i32">,
  to: Local<"i32">,
): void {
  const read = f.i32(), write = f.i32();
  const width = 4 * fullVectors;
  f.set(read, from);
  f.set(write, to);
  repeat(f, Math.floor(columns / width), () => {
    packPanel(f, depth, source, read, write, fullVectors, width);
    f.increment(read, width * source.columnStep);
    f.increment(write, fullBytes);
  });
  const rest = columns % width;
  if (rest > 0) packPanel(f, depth, source, read, write, Math.ceil(rest / 4), rest);
}

/** Byte offset of an element of a packed matrix. */
export function panelOffset(
  { columns, fullVectors, fullBytes }: Panels,
  row: number,
  column: number,
): number {
  const width = 4 * fullVectors;
  const panel = Math.floor(column / width);
  const vectors = Math.min(fullVectors, Math.ceil((columns - panel * width) / 4));
  return panel * fullBytes + 16 * vectors * row + 4 * (column % width);
}

/** Writes the packing of one panel; `read` and `write` keep their values. */
function packPanel(
  f: AnyFunction,
  depth: number,
  { depthLoops, columnStep }: PanelSource,
  read: Local<"i32">,
  write: Local<"i32">,
  vectors: number,
  columns: number,
): void {
  const rowBytes = 16 * vectors;
  const move = (sourceBytes: number, rows: number) => {
    f.increment(read, sourceBytes);
    f.increment(write, rows * rowBytes);
  };
  const copyFloat = (column: number, sourceBytes: number, row: number) =>
    f.emit(
      f32.store(
        write,
        f32.load(read, column * columnStep + sourceBytes),
        4 * column + row * rowBytes,
      ),
    );
  const transposition = new Transposition(f);
  const lines = Array.from({ length: 4 }, () => f.v128());
  const whole = columns - columns % 4;
  /** Four rows, whose elements are adjacent in every column. */
  const copyFour = ({ sourceStep, depthStep }: DepthLoop) => {
    const lowest = Math.min(0, 3 * sourceStep);
    f.increment(read, lowest);
    repeat(f, whole / 4, () => {
      lines.forEach((line, i) => f.set(line, v128.load(read, i * columnStep)));
      transposition.columns(lines).forEach((row, i) =>
        f.emit(v128.store(write, row, (sourceStep < 0 ? 3 - i : i) * depthStep * rowBytes))
      );
      f.increment(read, 4 * columnStep);
      f.increment(write, 16);
    });
    f.increment(read, -whole * columnStep);
    f.increment(write, -4 * whole);
    for (let column = whole; column < columns; column++) {
      for (let i = 0; i < 4; i++) copyFloat(column, i * sourceStep - lowest, i * depthStep);
    }
    f.increment(read, -lowest);
  };
  const copyRow = () => {
    let column = 0;
    if (columnStep === 4) {
      for (; column < whole; column += 4) {
        f.emit(v128.store(write, v128.load(read, 4 * column), 4 * column));
      }
    }
    for (; column < columns; column++) copyFloat(column, 0, 0);
  };
  const loops = inSourceOrder(depthLoops);
  const nest = (level: number): void => {
    if (level === loops.length) return copyRow();
    const { count, sourceStep, depthStep } = loops[level];
    const side = level === loops.length - 1 && Math.abs(sourceStep) === 4 && columnStep !== 4;
    const fours = side && whole > 0 ? Math.floor(count / 4) : 0;
    repeat(f, fours, () => {
      copyFour(loops[level]);
      move(4 * sourceStep, 4 * depthStep);
    });
    repeat(f, count - 4 * fours, () => {
      nest(level + 1);
      move(sourceStep, depthStep);
    });
    move(-count * sourceStep, -count * depthStep);
  };
  const packed = depthLoops.reduce((product, { count }) => product * count, 1);
  if (packed < depth || columns < 4 * vectors) f.emit(memory.fill(write, 0, rowBytes * depth));
  nest(0);
}

/** The same elements in memory order, in as few loops as possible. */
function inSourceOrder(loops: readonly DepthLoop[]): DepthLoop[] {
  const ordered = loops.filter(({ count }) => count !== 1)
    .sort((a, b) => Math.abs(b.sourceStep) - Math.abs(a.sourceStep));
  return ordered.reduceRight<DepthLoop[]>((inner, outer) => {
    const [next, ...others] = inner;
    const follows = next && outer.sourceStep === next.count * next.sourceStep &&
      outer.depthStep === next.count * next.depthStep;
    return follows ? [{ ...next, count: outer.count * next.count }, ...others] : [outer, ...inner];
  }, []);
}
