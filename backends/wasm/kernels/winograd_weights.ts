/**
 * Winograd's transforms of the kernel and, for the weight gradient, back to a kernel. Kernels are
 * stored tap by tap, but the transforms process a vector of results; so a block of channels is
 * moved, float by float, to or from memory private to the thread, in the order of the transforms.
 */

import {
  f32,
  i32,
  type Local,
  select,
  type Target,
  type WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFunction, Lowering } from "../kernel.ts";
import { repeat } from "./loops.ts";
import { panelCount, type Panels } from "./panels.ts";
import { type Piece, RowPieces } from "./register_tile.ts";
import { type ProductMatrices, productMatrices } from "./winograd_plan.ts";
import { PATCH, WinogradTransforms } from "./winograd_transforms.ts";

const TAPS = 3;
const AREA = TAPS * TAPS;
const CONSTANTS = [1 / 4, 1 / 6, 1 / 24, 1 / 12];
/** Channels of a block. Bench: `bench/layers.ts --only 512x7x7`. */
const BLOCK = 16;

/** How a 3×3 kernel is stored, from the view of one of the two correlations. */
export interface KernelOrder {
  /** Bytes between neighbouring channels of the source, and of the result. */
  readonly channelStep: number;
  readonly resultStep: number;
  /** Whether the taps are taken in reverse order. */
  readonly rotated: boolean;
}

/** The 36 matrices of a transformed kernel, each cut into panels. */
export function factorMatrices({ depth, columns }: Panels): ProductMatrices {
  return productMatrices(depth, columns);
}

/** Items of a transform (blocks of channels of a panel of results), and bytes per thread. */
export function weightTransform(
  panels: Panels,
): { readonly items: number; readonly scratchBytes: number } {
  return {
    items: panelCount(panels) * Math.ceil(panels.depth / BLOCK),
    scratchBytes: 16 * panels.fullVectors * AREA * BLOCK,
  };
}

/** Writes the transform of a kernel into 36 packed matrices. */
export function emitWeightTransform(
  f: KernelFunction<"weight" | "factors" | "scratch">,
  target: Target,
  panels: Panels,
  { channelStep, resultStep, rotated }: KernelOrder,
  scratchStride: number,
): void {
  const { weight, factors, scratch, thread } = f.parameters;
  const { fullVectors, fullBytes } = panels;
  const { step } = factorMatrices(panels);
  const kernel = f.i32(), place = f.i32(), to = f.i32();
  const prepare = (wide: WideVectors) => ({
    transforms: new WinogradTransforms(wide, CONSTANTS),
    taps: wide.locals(TAPS),
    halfway: Array.from({ length: PATCH }, () => wide.locals(TAPS)),
  });
  f.increment(scratch, i32.mul(thread, scratchStride));
  forEachBlock(f, target, panels, prepare, (pieces, { vectors, panel, channel, channels }) => {
    f.set(kernel, i32.add(weight, i32.mul(panel, 4 * fullVectors * resultStep)));
    f.increment(kernel, i32.mul(channel, channelStep));
    f.set(place, scratch);
    repeat(f, channels, () => {
      forEachTap(pieces, (piece, lane, tap) => {
        const index = rotated ? AREA - 1 - tap : tap;
        const value = f32.load(kernel, (piece.offset / 4 + lane) * resultStep + 4 * index);
        f.emit(f32.store(place, value, placeOf(piece, tap) + 4 * lane));
      });
      f.increment(kernel, channelStep);
      f.increment(place, 16 * vectors * AREA);
    });
    f.set(to, i32.add(factors, i32.mul(panel, fullBytes)));
    f.increment(to, i32.mul(channel, 16 * vectors));
    f.set(place, scratch);
    repeat(f, channels, () => {
      for (const piece of pieces) {
        const { wide, offset, prepared: { transforms, taps, halfway } } = piece;
        for (let x = 0; x < TAPS; x++) {
          taps.forEach((tap, y) => wide.set(tap, wide.load(place, placeOf(piece, TAPS * y + x))));
          transforms.weight(taps, (i, value) => wide.set(halfway[i][x], value));
        }
        halfway.forEach((row, i) =>
          transforms.weight(
            row,
            (k, value) => wide.store(to, value, (i * PATCH + k) * step + offset),
          )
        );
      }
      f.increment(place, 16 * vectors * AREA);
      f.increment(to, 16 * vectors);
    });
  });
}

/**
 * Writes the addition of the threads' sums [36][channel][result] and their transform into the
 * weight gradient [result, channel, 3, 3]. The panels are those of the results of all channels.
 */
export function emitWeightGradient(
  f: KernelFunction<"sums" | "weightGradient" | "scratch">,
  { target, threads }: Pick<Lowering, "target" | "threads">,
  panels: Panels,
  step: number,
  strides: { readonly sums: number; readonly scratch: number },
): void {
  const { weightGradient, scratch, thread } = f.parameters;
  const { fullVectors, depth, columns } = panels;
  const resultStep = 4 * depth * AREA;
  const from = f.i32(), place = f.i32(), kernel = f.i32();
  const prepare = (wide: WideVectors) => ({
    transforms: new WinogradTransforms(wide, CONSTANTS),
    column: wide.locals(PATCH),
    halfway: Array.from({ length: TAPS }, () => wide.locals(PATCH)),
  });
  f.increment(scratch, i32.mul(thread, strides.scratch));
  forEachBlock(f, target, panels, prepare, (pieces, { vectors, panel, channel, channels }) => {
    f.set(from, i32.add(f.parameters.sums, i32.mul(panel, 16 * fullVectors)));
    f.increment(from, i32.mul(channel, 4 * columns));
    f.set(place, scratch);
    repeat(f, channels, () => {
      for (const piece of pieces) {
        const { wide, offset, prepared: { transforms, column, halfway } } = piece;
        for (let k = 0; k < PATCH; k++) {
          column.forEach((value, i) => {
            const start = (i * PATCH + k) * step + offset;
            const terms = Array.from(
              { length: threads },
              (_, t) => wide.load(from, start + t * strides.sums),
            );
            wide.set(value, terms.reduce((total, term) => wide.add(total, term)));
          });
          transforms.weightGradient(column, (y, value) => wide.set(halfway[y][k], value));
        }
        halfway.forEach((row, y) =>
          transforms.weightGradient(
            row,
            (x, value) => wide.store(place, value, placeOf(piece, TAPS * y + x)),
          )
        );
      }
      f.increment(from, 4 * columns);
      f.increment(place, 16 * vectors * AREA);
    });
    f.set(kernel, i32.add(weightGradient, i32.mul(panel, 4 * fullVectors * resultStep)));
    f.increment(kernel, i32.mul(channel, 4 * AREA));
    f.set(place, scratch);
    repeat(f, channels, () => {
      forEachTap(pieces, (piece, lane, tap) => {
        const value = f32.load(place, placeOf(piece, tap) + 4 * lane);
        f.emit(f32.store(kernel, value, (piece.offset / 4 + lane) * resultStep + 4 * tap));
      });
      f.increment(place, 16 * vectors * AREA);
      f.increment(kernel, 4 * AREA);
    });
  });
}

/** An item: its panel, the vectors of a row of that, its first channel and number of channels. */
interface Block {
  readonly vectors: number;
  readonly panel: Local<"i32">;
  readonly channel: Local<"i32">;
  readonly channels: Local<"i32">;
}

/** A wide value of a panel's results, and what was prepared for values of its width. */
interface ResultPiece<T> extends Piece {
  readonly prepared: T;
}

/** Writes a loop over the items of a share. */
function forEachBlock<T>(
  f: KernelFunction,
  target: Target,
  { depth, fullVectors, fullCount, tailVectors }: Panels,
  prepare: (wide: WideVectors) => T,
  body: (pieces: readonly ResultPiece<T>[], block: Block) => void,
): void {
  const { first, end } = f.parameters;
  const blocks = Math.ceil(depth / BLOCK);
  const rows = new RowPieces(f, target);
  const prepared = new Map<WideVectors, T>();
  const panelOf = (vectors: number) => ({
    vectors,
    pieces: rows.of({ rows: 1, vectors }).map((piece) => {
      const { wide } = piece;
      if (!prepared.has(wide)) prepared.set(wide, prepare(wide));
      return { ...piece, prepared: prepared.get(wide)! };
    }),
  });
  // Prepared before the branch, so that both sides can use it.
  const full = panelOf(fullCount > 0 ? fullVectors : 0), tail = panelOf(tailVectors);
  const item = f.i32(), most = f.i32(), panel = f.i32(), channel = f.i32(), channels = f.i32();
  const emitPanel = ({ vectors, pieces }: typeof full) => () =>
    body(pieces, { vectors, panel, channel, channels });
  f.set(most, BLOCK);
  f.loop(item, first, end, 1, () => {
    f.set(panel, i32.divU(item, blocks));
    f.set(channel, i32.mul(BLOCK, i32.sub(item, i32.mul(panel, blocks))));
    f.set(channels, i32.sub(depth, channel));
    f.set(channels, select("i32", i32.ltU(channels, most), channels, most));
    if (tailVectors === 0) emitPanel(full)();
    else if (fullCount === 0) emitPanel(tail)();
    else f.if(i32.ltU(panel, fullCount), emitPanel(full), emitPanel(tail));
  });
}

/** Byte of a piece's tap among those of a channel, in the thread's memory. */
function placeOf({ wide, offset }: Piece, tap: number): number {
  return AREA * offset + tap * wide.bytes;
}

/** Visits the taps of each lane's kernel. */
function forEachTap<P extends Piece>(
  pieces: readonly P[],
  visit: (piece: P, lane: number, tap: number) => void,
): void {
  for (const piece of pieces) {
    for (let lane = 0; lane < piece.wide.lanes; lane++) {
      for (let tap = 0; tap < AREA; tap++) visit(piece, lane, tap);
    }
  }
}
