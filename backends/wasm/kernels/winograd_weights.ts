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

/** Writes the transform of a kernel into 36 packed matrices; an item is four columns. */
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
  const { weight, factors, first, end } = f.parameters;
  const { fullVectors, fullCount, fullBytes, tailVectors, depth } = panels;
  const { step } = factorMatrices(panels);
  const vector = f.i32(), panel = f.i32(), rowBytes = f.i32(), from = f.i32(), to = f.i32();
  f.loop(vector, first, end, 1, () => {
    f.set(panel, i32.divU(vector, fullVectors));
    f.set(
      rowBytes,
      select("i32", i32.ltU(panel, fullCount), 16 * fullVectors, 16 * tailVectors),
    );
    f.set(to, i32.add(factors, i32.mul(panel, fullBytes)));
    f.increment(to, i32.mul(16, i32.sub(vector, i32.mul(panel, fullVectors))));
    f.set(from, i32.add(weight, i32.mul(vector, 4 * resultStep)));
    repeat(f, depth, () => {
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
      f.increment(from, channelStep);
      f.increment(to, rowBytes);
    });
  });
}

/**
 * Writes the addition of the threads' sums [36][channel][result] and their transform into the
 * weight gradient [result, channel, 3, 3]; an item is four results.
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
  const vector = f.i32(), from = f.i32(), to = f.i32();
  const resultStep = 4 * channels * TAPS * TAPS;
  const { first, end } = f.parameters;
  f.loop(vector, first, end, 1, () => {
    f.set(from, i32.add(f.parameters.sums, i32.mul(vector, 16)));
    f.set(to, i32.add(f.parameters.weightGradient, i32.mul(vector, 4 * resultStep)));
    repeat(f, channels, () => {
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
      f.increment(from, 4 * results);
      f.increment(to, 4 * TAPS * TAPS);
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
