/** Emits code that converts a JPEG file's components to colours, bit-identical to libjpeg. */
import {
  i16x8,
  i32,
  i32x4,
  i8x16,
  type Local,
  type ModuleBuilder,
  v128,
  type Vector,
} from "../../../assembler/mod.ts";

/**
 * Adds `widen(near, far, to, count, even, odd)`: doubles a row of `count` samples, interpolated between
 * the row `near` and the row `far`; for a row without vertical interpolation both are the same. `even` and
 * `odd` are added before the sums, in units of 1/16, are truncated. The samples next to a row's ends are
 * overwritten.
 */
export function addWiden(module: ModuleBuilder): void {
  const f = module.function("widen", {
    near: "i32",
    far: "i32",
    to: "i32",
    count: "i32",
    even: "i32",
    odd: "i32",
  });
  const { near, far, to, count, even, odd } = f.parameters;
  const [at, last] = f.locals("i32", 2);
  const [own, left, right] = f.locals("v128", 3);
  for (const row of [near, far]) {
    f.emit(i32.store8(i32.sub(row, 1), i32.load8U(row)));
    f.set(last, i32.add(row, count));
    f.emit(i32.store8(last, i32.load8U(i32.sub(last, 1))));
  }
  const column = (offset: number): Vector => {
    const [address, other] = [near, far].map((row) => i32.add(i32.add(row, at), offset));
    return i16x8.add(triple(v128.load8x8U(address)), v128.load8x8U(other));
  };
  const between = (neighbour: Vector, bias: Local<"i32">) =>
    i16x8.shrU(i16x8.add(i16x8.add(triple(own), neighbour), i16x8.splat(bias)), 4);
  f.loopAtLeastOnce(at, 0, count, 8, () => {
    f.set(own, column(0));
    f.set(left, between(column(-1), even));
    f.set(right, between(column(1), odd));
    const both = v128.or(left, i16x8.shl(right, 8));
    f.emit(v128.store(i32.add(to, i32.shl(at, 1)), both));
  });
  module.export(f);
}

function triple(vector: Vector): Vector {
  return i16x8.mul(vector, i32x4.constant(0x00030003));
}

/**
 * Adds `paint(luma, blue, red, to, count)`: the colours of a row, three bytes each. Writes up to 21
 * bytes more.
 */
export function addPaint(module: ModuleBuilder): void {
  const f = module.function("paint", {
    luma: "i32",
    blue: "i32",
    red: "i32",
    to: "i32",
    count: "i32",
  });
  const { luma, blue, red, to, count } = f.parameters;
  const at = f.i32();
  const [y, cb, cr, low, high, r, b] = f.locals("v128", 7);
  const centred = (row: Local<"i32">) =>
    i16x8.sub(v128.load8x8U(i32.add(row, at)), i32x4.constant(0x00800080));
  /** The fractional part of products, which libjpeg rounds, in units of 2^-16. */
  const product = (ofBlue: number, ofRed: number) => {
    const [first, second] = [low, high].map((pairs) => {
      const factors = i32x4.constant(ofBlue & 0xffff | ofRed << 16);
      const sum = i32x4.add(i32x4.dotI16x8S(pairs, factors), i32x4.constant(1 << 15));
      return i32x4.shrS(sum, 16);
    });
    return i16x8.narrowI32x4S(first, second);
  };
  f.loopAtLeastOnce(at, 0, count, 8, () => {
    f.set(y, v128.load8x8U(i32.add(luma, at)));
    f.set(cb, centred(blue));
    f.set(cr, centred(red));
    f.set(low, i16x8.shuffle(cb, cr, [0, 8, 1, 9, 2, 10, 3, 11]));
    f.set(high, i16x8.shuffle(cb, cr, [4, 12, 5, 13, 6, 14, 7, 15]));
    // 1.402 cr; -0.34414 cb - 0.71414 cr; 1.772 cb: the integer multiples are added separately.
    f.set(r, i16x8.add(i16x8.add(y, cr), product(0, 26345)));
    f.set(b, i16x8.add(i16x8.add(y, i16x8.add(cb, cb)), product(-14942, 0)));
    f.set(y, i16x8.add(i16x8.sub(y, cr), product(-22554, 18734)));
    f.set(r, i8x16.narrowI16x8U(r, y));
    f.set(b, i8x16.narrowI16x8U(b, b));
    f.emit(v128.store(to, i8x16.shuffle(r, b, PIXELS.slice(0, 16))));
    f.set(r, i8x16.shuffle(r, b, [...PIXELS.slice(16), ...PIXELS.slice(16)]));
    f.emit(v128.store64Lane(to, r, 0, 16));
    f.increment(to, 24);
  });
  module.export(f);
}

/** Byte positions of eight pixels within eight reds, eight greens and eight blues. */
const PIXELS = Array.from({ length: 24 }, (_, i) => 8 * (i % 3) + Math.floor(i / 3));
