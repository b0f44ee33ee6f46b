import { assertEquals, assertThrows } from "@std/assert";
import {
  atomic,
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i8x16,
  memory as bulk,
  ModuleBuilder,
  select,
  v128,
  type Vector,
} from "../../../assembler/mod.ts";
import { bytes, doubles, evaluate, floats, instantiate, integers, shorts } from "./assembler.ts";

Deno.test("i32 instructions compute what JavaScript computes", () => {
  const a = -123456789, b = 7, u = a >>> 0;
  assertEquals(
    evaluate({
      add: i32.add(a, b),
      sub: i32.sub(a, b),
      mul: i32.mul(a, b),
      divU: i32.divU(a, b),
      remU: i32.remU(a, b),
      and: i32.and(a, b),
      or: i32.or(a, b),
      shl: i32.shl(a, b),
      shrS: i32.shrS(a, b),
      shrU: i32.shrU(a, b),
      eqz: i32.eqz(0),
      eq: i32.eq(a, a),
      ltS: i32.ltS(a, b),
      ltU: i32.ltU(a, b),
      gtU: i32.gtU(a, b),
      leU: i32.leU(a, b),
      geS: i32.geS(a, b),
      geU: i32.geU(a, b),
      select: select("i32", i32.gtS(a, b), 10, 20),
      truncSat: i32.truncSatF64S(-2.9),
    }),
    {
      add: a + b,
      sub: a - b,
      mul: Math.imul(a, b),
      divU: Math.floor(u / b) | 0,
      remU: u % b,
      and: a & b,
      or: a | b,
      shl: a << b,
      shrS: a >> b,
      shrU: a >>> b,
      eqz: 1,
      eq: 1,
      ltS: 1,
      ltU: 0,
      gtU: 1,
      leU: 0,
      geS: 0,
      geU: 1,
      select: 20,
      truncSat: -2,
    },
  );
});

Deno.test("i32 constants of every encoded length keep their values", () => {
  const values = [0, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];
  for (const value of values) assertEquals(evaluate({ c: i32.add(value, 0) }).c, value | 0);
  assertThrows(() => evaluate({ c: i32.add(0.5, 0) }), RangeError, "found 0.5");
  assertThrows(() => evaluate({ c: i32.add(2 ** 32, 0) }), RangeError, "32 bits");
});

Deno.test("i64 instructions compute what BigInt computes", () => {
  const a = 0x9e3779b97f4a7c15n, b = 0xd1342543de82ef95n;
  assertEquals(
    evaluate({
      and: i64.and(a, b),
      or: i64.or(a, b),
      shl: i64.shl(a, 3n),
      shrU: i64.shrU(a, 32n),
      extended: i64.extendI32S(-1),
      extendedU: i64.extendI32U(-1),
      bits: i64.reinterpretF64(1),
      wrap: i32.wrapI64(a),
    }),
    {
      and: BigInt.asIntN(64, a & b),
      or: BigInt.asIntN(64, a | b),
      shl: BigInt.asIntN(64, a << 3n),
      shrU: a >> 32n,
      extended: -1n,
      extendedU: 0xffffffffn,
      bits: 0x3ff0000000000000n,
      wrap: Number(BigInt.asIntN(32, a)),
    },
  );
});

Deno.test("f32 and f64 instructions compute what JavaScript computes", () => {
  const a = Math.fround(-7.3), b = Math.fround(2.5);
  assertEquals(
    evaluate({
      add32: f32.add(a, b),
      div32: f32.div(a, b),
      max32: f32.max(a, b),
      converted: f32.convertI32S(-1),
      demoted: f32.demoteF64(0.1),
      add: f64.add(0.1, 3),
      sub: f64.sub(0.1, 3),
      mul: f64.mul(0.1, 3),
      div: f64.div(0.1, 3),
      max: f64.max(0.1, 3),
      neg: f64.neg(0.1),
      nearest: f64.nearest(2.5),
      sqrt: f64.sqrt(2),
      lt: f64.lt(0.1, 3),
      gt: f64.gt(0.1, 3),
      le: f64.le(0.1, 0.1),
      promoted: f64.promoteF32(b),
      signed: f64.convertI32S(-5),
      one: f64.reinterpretI64(0x3ff0000000000000n),
    }),
    {
      add32: Math.fround(a + b),
      div32: Math.fround(a / b),
      max32: b,
      converted: -1,
      demoted: Math.fround(0.1),
      add: 0.1 + 3,
      sub: 0.1 - 3,
      mul: 0.1 * 3,
      div: 0.1 / 3,
      max: 3,
      neg: -0.1,
      nearest: 2,
      sqrt: Math.SQRT2,
      lt: 1,
      gt: 0,
      le: 1,
      promoted: b,
      signed: -5,
      one: 1,
    },
  );
});

Deno.test("loads and stores read and write little-endian bytes at a constant offset", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { p: "i32" }, "i32");
  const { p } = f.parameters;
  f.emit(i32.store(p, 0x818283f4, 300));
  f.emit(f32.store(p, 1.5, 8), f64.store(p, -2.25, 16));
  f.return(i32.add(i32.load(p, 300), i32.truncSatF64S(f64.load(p, 16))));
  module.export(f);
  const { memory, functions } = instantiate(module);
  assertEquals(functions.f(64), (0x818283f4 | 0) - 2);
  const view = new DataView(memory.buffer, 64);
  assertEquals(view.getUint32(300, true), 0x818283f4);
  assertEquals([view.getFloat32(8, true), view.getFloat64(16, true)], [1.5, -2.25]);
});

Deno.test("float vectors compute lane by lane", () => {
  const a = f32x4.constant(1, -2, 3.5, -4), b = f32x4.constant(2);
  assertEquals(floats(f32x4.add(a, b)), [3, 0, 5.5, -2]);
  assertEquals(floats(f32x4.sub(a, b)), [-1, -4, 1.5, -6]);
  assertEquals(floats(f32x4.mul(a, b)), [2, -4, 7, -8]);
  assertEquals(floats(f32x4.div(a, b)), [0.5, -1, 1.75, -2]);
  assertEquals(floats(f32x4.min(a, b)), [1, -2, 2, -4]);
  assertEquals(floats(f32x4.max(a, b)), [2, 2, 3.5, 2]);
  assertEquals(floats(f32x4.pmax(a, b)), [2, 2, 3.5, 2]);
  assertEquals(floats(f32x4.abs(a)), [1, 2, 3.5, 4]);
  assertEquals(floats(f32x4.neg(a)), [-1, 2, -3.5, 4]);
  assertEquals(floats(f32x4.sqrt(f32x4.constant(16))), [4, 4, 4, 4]);
  assertEquals(floats(f32x4.nearest(a)), [1, -2, 4, -4]);
  assertEquals(integers(f32x4.gt(a, b)), [0, 0, -1, 0]);
  assertEquals(floats(v128.bitselect(a, b, f32x4.gt(a, b))), [2, 2, 3.5, 2]);
  assertEquals(floats(f32x4.relaxedMadd(a, b, b)), [4, -2, 9, -6]);
  assertEquals(floats(f32x4.relaxedNmadd(a, b, b)), [0, 6, -5, 10]);
  assertEquals(floats(f32x4.shuffle(a, b, [3, 0, 4, 2])), [-4, 1, 2, 3.5]);
  assertEquals(floats(f32x4.splat(f32x4.extractLane(a, 2))), [3.5, 3.5, 3.5, 3.5]);
  assertEquals(integers(i32x4.truncSatF32x4S(a)), [1, -2, 3, -4]);
  assertThrows(() => floats(f32x4.splat(f32x4.extractLane(a, 4))), RangeError, "found 4");
});

Deno.test("double vectors compute lane by lane", () => {
  const a = f64x2.promoteLowF32x4(f32x4.constant(1.5, -2, 9, 9));
  assertEquals(doubles(f64x2.add(a, a)), [3, -4]);
});

Deno.test("integer vectors compute lane by lane", () => {
  const a = i32x4.constant(1, -2, 2 ** 31 - 1, 4), b = i32x4.constant(3);
  assertEquals(integers(i32x4.add(a, b)), [4, 1, -(2 ** 31) + 2, 7]);
  assertEquals(integers(i32x4.sub(a, b)), [-2, -5, 2 ** 31 - 4, 1]);
  assertEquals(integers(i32x4.shl(a, 4)), [16, -32, -16, 64]);
  assertEquals(integers(i32x4.shrS(a, 1)), [0, -1, 2 ** 30 - 1, 2]);
  assertEquals(integers(i32x4.shrU(a, 1))[1], 2 ** 31 - 1);
  assertEquals(integers(i32x4.ltU(a, b)), [-1, 0, 0, 0]);
  assertEquals(floats(f32x4.convertI32x4S(a)), [1, -2, 2 ** 31, 4]);
  const words = i16x8.extendLowI8x16U(i32x4.constant(0xc8c8c8c8 | 0));
  assertEquals(integers(i32x4.extendLowI16x8U(words)), [200, 200, 200, 200]);
  assertEquals(integers(v128.andnot(b, i32x4.constant(1))), [2, 2, 2, 2]);
});

Deno.test("vectors of smaller integers compute lane by lane", () => {
  // 1, -2, 300, -300, twice.
  const a = i32x4.constant(0xfffe0001, 0xfed4012c, 0xfffe0001, 0xfed4012c);
  const three = i16x8.splat(3);
  const twice = (...values: number[]) => [...values, ...values];
  assertEquals(shorts(i16x8.add(a, three)), twice(4, 1, 303, -297));
  assertEquals(shorts(i16x8.sub(a, three)), twice(-2, -5, 297, -303));
  assertEquals(shorts(i16x8.mul(a, three)), twice(3, -6, 900, -900));
  assertEquals(shorts(i16x8.shl(a, 1)), twice(2, -4, 600, -600));
  assertEquals(shorts(i16x8.shrU(a, 8)), twice(0, 255, 1, 254));
  assertEquals(shorts(i16x8.shuffle(a, three, [3, 8, 0, 0, 2, 9, 1, 15])), [
    ...[-300, 3, 1, 1, 300, 3, -2, 3],
  ]);
  assertEquals(integers(i32x4.extendHighI16x8U(a)), [1, 65534, 300, 65236]);
  assertEquals(integers(i32x4.dotI16x8S(a, a)), twice(5, 180000));
  assertEquals(integers(i32x4.mul(i32x4.constant(3, -4, 1 << 30, 0), i32x4.constant(5))), [
    ...[15, -20, 1 << 30, 0],
  ]);
  const large = i32x4.constant(40000, -40000, 7, -7);
  assertEquals(shorts(i16x8.narrowI32x4S(large, large)), twice(32767, -32768, 7, -7));
  assertEquals(bytes(i8x16.narrowI16x8U(a, three)).slice(0, 9), [...twice(1, 0, 255, 0), 3]);
  assertEquals(bytes(i8x16.narrowI16x8S(a, three)).slice(0, 4), [1, 254, 127, 128]);
  const picked = i8x16.shuffle(a, three, Array.from({ length: 16 }, (_, i) => 17 - i));
  assertEquals(bytes(picked).slice(0, 4), [0, 3, 254, 212]);
  assertEquals(bytes(i8x16.eq(a, a)), Array(16).fill(255));
  const isAny = (vector: Vector) => evaluate({ isAny: v128.anyTrue(vector) }).isAny;
  assertEquals([isAny(a), isAny(v128.xor(a, a))], [1, 0]);
});

Deno.test("bytes and smaller integers are loaded and stored", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", {}, "i32");
  f.emit(i32.store(0, 0x0403_02ff), i32.store8(16, 0x1234), i32.store16(18, 0x5678));
  f.emit(v128.store(32, v128.load8x8U(0)), i32.store(24, i32.wrapI64(i64.load(0))));
  f.return(i32.load8U(0));
  module.export(f);
  const { memory, functions } = instantiate(module);
  assertEquals(functions.f(), 255);
  const words = new Uint32Array(memory.buffer);
  assertEquals([words[4], words[6], words[8]], [0x56780034, 0x040302ff, 0x000200ff]);
});

Deno.test("vector loads widen, repeat and fill single lanes", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { p: "i32" });
  const { p } = f.parameters, x = f.v128();
  const loads = [
    v128.load64Zero(p),
    v128.load32Splat(p, 4),
    v128.load32Zero(p, 4),
    v128.load32Lane(p, i32x4.constant(5), 2, 4),
  ];
  loads.forEach((vector, i) => f.emit(v128.store(p, vector, 16 + 16 * i)));
  f.set(x, v128.load(p, 16));
  f.emit(v128.store32Lane(p, x, 1, 12));
  module.export(f);
  const { memory, functions } = instantiate(module);
  new Uint8Array(memory.buffer).set([1, 2, 3, 255, 5, 6, 7, 8]);
  functions.f(0);
  const low = 0xff030201 | 0, high = 0x08070605;
  assertEquals([...new Int32Array(memory.buffer, 16, 16)], [
    ...[low, high, 0, 0],
    ...[high, high, high, high],
    ...[high, 0, 0, 0],
    ...[5, 5, high, 5],
  ]);
  assertEquals(new Int32Array(memory.buffer, 12, 1)[0], high);
});

Deno.test("atomics and bulk memory change memory as documented", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", {}, "i32");
  f.emit(bulk.fill(0, 1, 8), bulk.copy(64, 2, 4), atomic.store(128, 40));
  f.drop(atomic.add(128, 2));
  f.drop(atomic.notify(128, 1));
  // Not the expected value: returns 1 at once.
  f.return(i32.add(i32.mul(atomic.wait(128, 0, -1n), 100), atomic.load(128)));
  module.export(f);
  const { memory, functions } = instantiate(module);
  assertEquals(functions.f(), 142);
  const words = new Int32Array(memory.buffer);
  assertEquals([words[0], words[16], words[32]], [0x01010101, 0x01010101, 42]);
});
