/** Winograd's transforms of the kernel and, for the weight gradient, back to a kernel. */

import {
  f32x4,
  i32,
  type Local,
  select,
  type Target,
  v128,
  type Vector,
  type WideLocal,
  WideVectors,
} from "../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";
import { repeat } from "./loops.ts";
import type { Panels } from "./panels.ts";
import { type ProductMatrices, productMatrices } from "./winograd_plan.ts";
import { PATCH, WinogradTransforms } from "./winograd_transforms.ts";

const TAPS = 3;
const CONSTANTS = [1 / 4, 1 / 6, 1 / 24, 1 / 12];

/** How a 3×3 kernel lies in memory, as one of the two correlations sees it. */
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

/** Vectors of a cache line. */
const LINE_VECTORS = 4;

/**
 * Vectors side by side that are computed one after the other, so that cache lines are read and
 * written once: a cache line where `columns` and panels of `panelVectors` divide into such.
 */
function vectorsOfRun(columns: number, panelVectors = LINE_VECTORS): number {
  let vectors = LINE_VECTORS;
  while (columns / 4 % vectors !== 0 || panelVectors % vectors !== 0) vectors /= 2;
  return vectors;
}

/** An item of a kernel over vectors of columns, in locals. */
interface Run {
  /** The first of some vectors, and the first of a part of the channels. */
  readonly vector: Local<"i32">;
  readonly channel: Local<"i32">;
}

/**
 * Writes a loop over a share of the items, as many as there are vectors: so many `vectors` side by
 * side, and of the channels as many parts.
 */
function forEachRun(
  f: KernelFunction<string>,
  vectors: number,
  channels: number,
  body: (run: Run) => void,
): void {
  const { first, end } = f.parameters;
  const item = f.i32(), vector = f.i32(), channel = f.i32();
  f.loop(item, first, end, 1, () => {
    f.set(vector, i32.mul(i32.divU(item, vectors), vectors));
    f.set(channel, i32.mul(i32.sub(item, vector), channels / vectors));
    body({ vector, channel });
  });
}

/**
 * Writes the transform of a kernel into 36 packed matrices; there are as many items as vectors of
 * columns.
 */
export function emitWeightTransform(
  f: KernelFunction<"weight" | "factors">,
  target: Target,
  panels: Panels,
  { channelStep, resultStep, rotated }: KernelOrder,
): void {
  const wide = new WideVectors(f, { ...target, wide: 1 });
  const transforms = new WinogradTransforms(wide, CONSTANTS);
  const taps = wide.locals(TAPS);
  const halfway = Array.from({ length: PATCH }, () => wide.locals(TAPS));
  const { weight, factors } = f.parameters;
  const { fullVectors, fullCount, fullBytes, tailVectors, depth, columns } = panels;
  const { step } = factorMatrices(panels);
  const vectors = vectorsOfRun(columns, fullVectors);
  const panel = f.i32(), rowBytes = f.i32(), from = f.i32(), to = f.i32();
  forEachRun(f, vectors, depth, ({ vector, channel }) => {
    f.set(panel, i32.divU(vector, fullVectors));
    f.set(
      rowBytes,
      select("i32", i32.ltU(panel, fullCount), 16 * fullVectors, 16 * tailVectors),
    );
    f.set(to, i32.add(factors, i32.mul(panel, fullBytes)));
    f.increment(to, i32.mul(16, i32.sub(vector, i32.mul(panel, fullVectors))));
    f.increment(to, i32.mul(channel, rowBytes));
    f.set(from, i32.add(weight, i32.mul(vector, 4 * resultStep)));
    f.increment(from, i32.mul(channel, channelStep));
    repeat(f, depth / vectors, () => {
      repeat(f, vectors, () => {
        for (let x = 0; x < TAPS; x++) {
          taps.forEach((tap, y) => {
            const index = TAPS * y + x;
            const offset = 4 * (rotated ? TAPS * TAPS - 1 - index : index);
            wide.set(tap, { halves: [gather(from, offset, resultStep)] });
          });
          transforms.weight(taps, (i, value) => wide.set(halfway[i][x], value));
        }
        halfway.forEach((row, i) =>
          transforms.weight(row, (k, value) => wide.store(to, value, (i * PATCH + k) * step))
        );
        f.increment(from, 4 * resultStep);
        f.increment(to, 16);
      });
      f.increment(from, channelStep - 4 * vectors * resultStep);
      f.increment(to, i32.sub(rowBytes, 16 * vectors));
    });
  });
}

/**
 * Writes the addition of the threads' sums [36][channel][result] and their transform into the
 * weight gradient [result, channel, 3, 3]; there are as many items as vectors of results.
 */
export function emitWeightGradient(
  f: KernelFunction<"sums" | "weightGradient">,
  target: Target,
  threads: number,
  channels: number,
  results: number,
  sums: ProductMatrices,
  sumsStride: number,
): void {
  const wide = new WideVectors(f, { ...target, wide: 1 });
  const transforms = new WinogradTransforms(wide, CONSTANTS);
  const column = wide.locals(PATCH);
  const halfway = Array.from({ length: TAPS }, () => wide.locals(PATCH));
  const result = wide.local();
  const from = f.i32(), to = f.i32();
  const tapBytes = 4 * TAPS * TAPS, resultStep = channels * tapBytes;
  const vectors = vectorsOfRun(results);
  forEachRun(f, vectors, channels, ({ vector, channel }) => {
    f.set(from, i32.add(f.parameters.sums, i32.mul(vector, 16)));
    f.increment(from, i32.mul(channel, 4 * results));
    f.set(to, i32.add(f.parameters.weightGradient, i32.mul(vector, 4 * resultStep)));
    f.increment(to, i32.mul(channel, tapBytes));
    repeat(f, channels / vectors, () => {
      repeat(f, vectors, () => {
        for (let k = 0; k < PATCH; k++) {
          column.forEach((value, i) => {
            const offset = (i * PATCH + k) * sums.step;
            const terms = Array.from(
              { length: threads },
              (_, t) => v128.load(from, offset + t * sumsStride),
            );
            wide.set(value, { halves: [terms.reduce((total, term) => f32x4.add(total, term))] });
          });
          transforms.weightGradient(column, (y, value) => wide.set(halfway[y][k], value));
        }
        halfway.forEach((row, y) =>
          transforms.weightGradient(row, (x, value) => {
            wide.set(result, value);
            scatter(f, to, result, 4 * (TAPS * y + x), resultStep);
          })
        );
        f.increment(from, 16);
        f.increment(to, 4 * resultStep);
      });
      f.increment(from, 4 * results - 16 * vectors);
      f.increment(to, tapBytes - 4 * vectors * resultStep);
    });
  });
}

/** Four floats `step` bytes apart, in one vector. */
function gather(base: Local<"i32">, offset: number, step: number): Vector {
  let vector = v128.load32Zero(base, offset);
  for (let lane = 1; lane < 4; lane++) {
    vector = v128.load32Lane(base, vector, lane, offset + lane * step);
  }
  return vector;
}

/** Stores the lanes of a vector `step` bytes apart. */
function scatter(
  f: KernelFunction<"sums" | "weightGradient">,
  base: Local<"i32">,
  { halves: [vector] }: WideLocal,
  offset: number,
  step: number,
): void {
  for (let lane = 0; lane < 4; lane++) {
    f.emit(v128.store32Lane(base, vector, lane, offset + lane * step));
  }
}
