/** Emits the inverse DCT of a block, bit-identical to libjpeg's `jpeg_idct_islow`. */
import {
  i16x8,
  i32x4,
  i8x16,
  type ModuleBuilder,
  v128,
  type Vector,
} from "../../../assembler/mod.ts";
import type { Transform } from "./entropy.ts";
import { AT } from "./layout.ts";

/** Factors are in units of 2^-13; between the two passes, 2 fractional bits are kept. */
const SCALE = 1 << 13;
const SHIFTS = [13 - 2, 13 + 2 + 3];

/** Adds `transform(pixels, stride, quantizers)`: 8 rows of 8 pixels, `stride` apart. */
export function addTransform(module: ModuleBuilder): Transform {
  const f = module.function("transform", { pixels: "i32", stride: "i32", quantizers: "i32" });
  const { pixels, stride, quantizers } = f.parameters;
  const rows = f.locals("v128", 8);
  const [low, high] = [f.locals("v128", 8), f.locals("v128", 8)];
  const [pairs, even, odd] = [f.locals("v128", 4), f.locals("v128", 4), f.locals("v128", 4)];

  /** Transforms all columns of `rows`. */
  const transform = (shift: number) => {
    const half = i32x4.constant(1 << (shift - 1));
    for (const [interleave, to] of [[lowLanes, low], [highLanes, high]] as const) {
      PAIRS.forEach(([a, b], i) => f.set(pairs[i], interleave(rows[a], rows[b])));
      const products = (pair: number, a: number, b: number) =>
        i32x4.dotI16x8S(pairs[pair], i32x4.constant(a & 0xffff | b << 16));
      f.set(odd[0], i32x4.add(products(0, SCALE, SCALE), half));
      f.set(odd[1], i32x4.add(products(0, SCALE, -SCALE), half));
      f.set(odd[2], products(1, 10703, 4433));
      f.set(odd[3], products(1, 4433, -10704));
      f.set(even[0], i32x4.add(odd[0], odd[2]));
      f.set(even[1], i32x4.add(odd[1], odd[3]));
      f.set(even[2], i32x4.sub(odd[1], odd[3]));
      f.set(even[3], i32x4.sub(odd[0], odd[2]));
      ODD.forEach(([a, b, c, d], i) =>
        f.set(odd[i], i32x4.add(products(2, a, b), products(3, c, d)))
      );
      for (let i = 0; i < 4; i++) {
        f.set(to[i], i32x4.shrS(i32x4.add(even[i], odd[i]), shift));
        f.set(to[7 - i], i32x4.shrS(i32x4.sub(even[i], odd[i]), shift));
      }
    }
    rows.forEach((row, i) => f.set(row, i16x8.narrowI32x4S(low[i], high[i])));
  };

  /** Transposes: each of four rows is interleaved with the fourth one after it, three times. */
  const transpose = () => {
    for (const [from, to] of [[rows, low], [low, high], [high, rows]]) {
      for (let i = 0; i < 4; i++) {
        f.set(to[2 * i], lowLanes(from[i], from[i + 4]));
        f.set(to[2 * i + 1], highLanes(from[i], from[i + 4]));
      }
    }
  };

  rows.forEach((row, i) =>
    f.set(row, i16x8.mul(v128.load(AT.coefficients, 16 * i), v128.load(quantizers, 16 * i)))
  );
  for (const shift of SHIFTS) {
    transform(shift);
    transpose();
  }
  for (let i = 0; i < 8; i += 2) {
    const bytes = i8x16.narrowI16x8S(rows[i], rows[i + 1]);
    // From the range starting at -128 to the range starting at 0.
    f.set(low[0], v128.xor(bytes, i32x4.constant(0x80808080)));
    f.emit(v128.store64Lane(pixels, low[0], 0));
    f.increment(pixels, stride);
    f.emit(v128.store64Lane(pixels, low[0], 1));
    f.increment(pixels, stride);
  }
  return f;
}

/** Which inputs are multiplied together: for the even part, then for the odd part. */
const PAIRS = [[0, 4], [2, 6], [1, 7], [3, 5]] as const;

/**
 * Factors of the inputs 1, 7, 3 and 5 in the odd part of the outputs 0 to 3: the products along
 * libjpeg's graph, collected.
 */
const ODD = [
  [11363, 2260, 9633, 6437],
  [9633, -6436, -2259, -11362],
  [6437, 9633, -11362, 2261],
  [2260, -11363, -6436, 9633],
] as const;

function lowLanes(a: Vector, b: Vector): Vector {
  return i16x8.shuffle(a, b, [0, 8, 1, 9, 2, 10, 3, 11]);
}

function highLanes(a: Vector, b: Vector): Vector {
  return i16x8.shuffle(a, b, [4, 12, 5, 13, 6, 14, 7, 15]);
}
