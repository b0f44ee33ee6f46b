/** Emits the code that scales images: weighted sums of bytes, in vectors. */
import {
  i16x8,
  i32,
  i32x4,
  i8x16,
  type ModuleBuilder,
  v128,
  type Vector,
} from "../assembler/mod.ts";

/** Weights are integers in units of 2^-22, so that sums of bytes stay below 2^31. */
export const PRECISION = 22;

/** Initial value of a sum, for rounding. */
const HALF = 1 << (PRECISION - 1);

/** The module's exports. Pixel addresses are in bytes; `resample.ts` describes `taps`. */
export interface ResampleFunctions {
  /**
   * Scales up to four channels of `rows` rows of `stride` bytes to `width` pixels each. Writes 3 bytes
   * more after each pixel.
   */
  columns(
    from: number,
    stride: number,
    rows: number,
    to: number,
    width: number,
    channels: number,
    taps: number,
  ): void;
  /** Scales rows of `length` bytes to `height` rows. Writes 7 bytes more. */
  rows(from: number, length: number, to: number, height: number, taps: number): void;
}

/** Bytes of a tap's header: its start and its number of weights. */
const TAP_HEADER = 8;

/** Adds the functions. */
export function addResample(module: ModuleBuilder): void {
  addColumns(module);
  addRows(module);
}

function addColumns(module: ModuleBuilder): void {
  const f = module.function("columns", {
    from: "i32",
    stride: "i32",
    rows: "i32",
    to: "i32",
    width: "i32",
    channels: "i32",
    taps: "i32",
  });
  const { from, stride, rows, to, width, channels, taps } = f.parameters;
  const [column, tap, end, at] = f.locals("i32", 4);
  const sum = f.v128();
  f.doWhile(() => {
    f.set(tap, taps);
    f.loopAtLeastOnce(column, 0, width, 1, () => {
      f.set(at, i32.add(from, i32.mul(i32.load(tap), channels)));
      f.set(end, i32.add(i32.add(tap, TAP_HEADER), i32.shl(i32.load(tap, 4), 2)));
      f.set(sum, i32x4.constant(HALF));
      f.loopAtLeastOnce(tap, i32.add(tap, TAP_HEADER), end, 4, () => {
        const pixel = i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(v128.load32Zero(at)));
        f.set(sum, weighted(sum, pixel, v128.load32Splat(tap)));
        f.increment(at, channels);
      });
      f.set(sum, i16x8.narrowI32x4S(shifted(sum), shifted(sum)));
      f.emit(v128.store32Lane(to, i8x16.narrowI16x8U(sum, sum), 0));
      f.increment(to, channels);
    });
    f.increment(from, stride);
    f.increment(rows, -1);
  }, rows);
  module.export(f);
}

function addRows(module: ModuleBuilder): void {
  const f = module.function("rows", {
    from: "i32",
    length: "i32",
    to: "i32",
    height: "i32",
    taps: "i32",
  });
  const { from, length, to, height, taps } = f.parameters;
  const [column, tap, end, at, start] = f.locals("i32", 5);
  const [bytes, low, high, weight] = f.locals("v128", 4);
  f.set(end, taps);
  f.doWhile(() => {
    f.set(taps, end);
    f.set(start, i32.add(from, i32.mul(i32.load(taps), length)));
    f.set(end, i32.add(i32.add(taps, TAP_HEADER), i32.shl(i32.load(taps, 4), 2)));
    f.loopAtLeastOnce(column, 0, length, 8, () => {
      f.set(low, i32x4.constant(HALF));
      f.set(high, low);
      f.set(at, i32.add(start, column));
      f.loopAtLeastOnce(tap, i32.add(taps, TAP_HEADER), end, 4, () => {
        f.set(bytes, v128.load8x8U(at));
        f.set(weight, v128.load32Splat(tap));
        f.set(low, weighted(low, i32x4.extendLowI16x8U(bytes), weight));
        f.set(high, weighted(high, i32x4.extendHighI16x8U(bytes), weight));
        f.increment(at, length);
      });
      f.set(low, i16x8.narrowI32x4S(shifted(low), shifted(high)));
      f.emit(v128.store64Lane(i32.add(to, column), i8x16.narrowI16x8U(low, low), 0));
    });
    f.increment(to, length);
    f.increment(height, -1);
  }, height);
  module.export(f);
}

function weighted(sum: Vector, values: Vector, weight: Vector): Vector {
  return i32x4.add(sum, i32x4.mul(values, weight));
}

function shifted(sum: Vector): Vector {
  return i32x4.shrS(sum, PRECISION);
}
