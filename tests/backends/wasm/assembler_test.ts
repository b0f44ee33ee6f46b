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
  memory as bulk,
  ModuleBuilder,
  select,
  v128,
} from "../../../backends/wasm/assembler/mod.ts";
import { doubles, evaluate, floats, instantiate, integers } from "./assembler.ts";

Deno.test("i32 instructions compute what JavaScript computes", () => {
  const a = -123456789, b = 7, u = a >>> 0;
  assertEquals(
    evaluate({
      add: i32.add(a, b),
      sub: i32.sub(a, b),
      mul: i32.mul(a, b),
      divS: i32.divS(a, b),
      divU: i32.divU(a, b),
      remS: i32.remS(a, b),
      remU: i32.remU(a, b),
      and: i32.and(a, b),
      or: i32.or(a, b),
      xor: i32.xor(a, b),
      shl: i32.shl(a, b),
      shrS: i32.shrS(a, b),
      shrU: i32.shrU(a, b),
      rotl: i32.rotl(a, b),
      clz: i32.clz(b),
      ctz: i32.ctz(8),
      popcnt: i32.popcnt(b),
      eqz: i32.eqz(0),
      eq: i32.eq(a, a),
      ltS: i32.ltS(a, b),
      ltU: i32.ltU(a, b),
      geS: i32.geS(a, b),
      geU: i32.geU(a, b),
      select: select("i32", i32.gtS(a, b), 10, 20),
      truncSat: i32.truncSatF32S(-2.9),
      bits: i32.reinterpretF32(1),
    }),
    {
      add: a + b,
      sub: a - b,
      mul: Math.imul(a, b),
      divS: Math.trunc(a / b),
      divU: Math.floor(u / b) | 0,
      remS: a % b,
      remU: u % b,
      and: a & b,
      or: a | b,
      xor: a ^ b,
      shl: a << b,
      shrS: a >> b,
      shrU: a >>> b,
      rotl: (a << b) | (a >>> (32 - b)),
      clz: Math.clz32(b),
      ctz: 3,
      popcnt: 3,
      eqz: 1,
      eq: 1,
      ltS: 1,
      ltU: 0,
      geS: 0,
      geU: 1,
      select: 20,
      truncSat: -2,
      bits: 0x3f800000,
    },
  );
});

Deno.test("i32 constants of every encoded length come back", () => {
  const values = [0, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];
  for (const value of values) assertEquals(evaluate({ c: i32.add(value, 0) }).c, value | 0);
  assertThrows(() => evaluate({ c: i32.add(0.5, 0) }), RangeError, "found 0.5");
  assertThrows(() => evaluate({ c: i32.add(2 ** 32, 0) }), RangeError, "32 bits");
});

Deno.test("i64 instructions compute what BigInt computes", () => {
  const a = 0x9e3779b97f4a7c15n, b = 0xd1342543de82ef95n;
  assertEquals(
    evaluate({
      add: i64.add(a, b),
      mul: i64.mul(a, b),
      shrU: i64.shrU(a, 32n),
      ltU: i64.ltU(a, b),
      wide: i64.mul(i64.extendI32U(-1), i64.extendI32U(-1)),
      wrap: i32.wrapI64(a),
    }),
    {
      add: BigInt.asIntN(64, a + b),
      mul: BigInt.asIntN(64, a * b),
      shrU: a >> 32n,
      ltU: 1,
      wide: BigInt.asIntN(64, 0xffffffffn * 0xffffffffn),
      wrap: Number(BigInt.asIntN(32, a)),
    },
  );
});

Deno.test("f32 and f64 instructions compute what JavaScript computes", () => {
  const a = Math.fround(-7.3), b = Math.fround(2.5);
  assertEquals(
    evaluate({
      add: f32.add(a, b),
      div: f32.div(a, b),
      min: f32.min(a, b),
      max: f32.max(a, b),
      nearest: f32.nearest(b),
      floor: f32.floor(a),
      sqrt: f32.sqrt(b),
      copysign: f32.copysign(b, a),
      ge: f32.ge(a, b),
      converted: f32.convertI32U(-1),
      demoted: f32.demoteF64(0.1),
      mul64: f64.mul(0.1, 3),
      sqrt64: f64.sqrt(2),
      promoted: f64.promoteF32(b),
      signed: f64.convertI32S(-5),
    }),
    {
      add: Math.fround(a + b),
      div: Math.fround(a / b),
      min: a,
      max: b,
      nearest: 2,
      floor: -8,
      sqrt: Math.fround(Math.sqrt(b)),
      copysign: -b,
      ge: 0,
      converted: 2 ** 32,
      demoted: Math.fround(0.1),
      mul64: 0.1 * 3,
      sqrt64: Math.SQRT2,
      promoted: b,
      signed: -5,
    },
  );
});

Deno.test("loads and stores read and write little-endian bytes at a constant offset", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { p: "i32" }, "i32");
  const { p } = f.parameters;
  f.emit(i32.store(p, 0x818283f4, 300), i32.store8(p, 0xff, 4), i32.store16(p, 0x8001, 6));
  f.emit(f32.store(p, 1.5, 8), f64.store(p, -2.25, 16), i64.store(p, -1n, 24));
  f.return(i32.sub(i32.load8U(p, 300), i32.load8S(p, 301)));
  module.export(f);
  const { memory, functions } = instantiate(module);
  assertEquals(functions.f(64), 0xf4 - (0x83 - 0x100));
  const view = new DataView(memory.buffer, 64);
  assertEquals(view.getUint32(300, true), 0x818283f4);
  assertEquals([view.getUint8(4), view.getUint16(6, true)], [0xff, 0x8001]);
  assertEquals([view.getFloat32(8, true), view.getFloat64(16, true)], [1.5, -2.25]);
  assertEquals(view.getBigInt64(24, true), -1n);
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
  assertEquals(floats(f32x4.floor(f32x4.constant(1.5, -1.5, 2, -2))), [1, -2, 2, -2]);
  assertEquals(integers(f32x4.gt(a, b)), [0, 0, -1, 0]);
  assertEquals(floats(v128.bitselect(a, b, f32x4.lt(a, b))), [1, -2, 2, -4]);
  assertEquals(floats(f32x4.relaxedMadd(a, b, b)), [4, -2, 9, -6]);
  assertEquals(floats(f32x4.relaxedNmadd(a, b, b)), [0, 6, -5, 10]);
  assertEquals(floats(f32x4.shuffle(a, b, [3, 0, 4, 2])), [-4, 1, 2, 3.5]);
  assertEquals(floats(f32x4.replaceLane(a, 2, 9)), [1, -2, 9, -4]);
  assertEquals(floats(f32x4.splat(f32x4.extractLane(a, 2))), [3.5, 3.5, 3.5, 3.5]);
  assertEquals(integers(i32x4.truncSatF32x4S(a)), [1, -2, 3, -4]);
  assertThrows(() => floats(f32x4.replaceLane(a, 4, 9)), RangeError, "found 4");
});

Deno.test("double vectors compute lane by lane", () => {
  const a = f64x2.promoteLowF32x4(f32x4.constant(1.5, -2, 9, 9)), b = f64x2.constant(0.1, 3);
  assertEquals(doubles(f64x2.add(a, b)), [1.6, 1]);
  assertEquals(doubles(f64x2.mul(a, b)), [1.5 * 0.1, -6]);
  assertEquals(doubles(f64x2.splat(f64x2.extractLane(b, 0))), [0.1, 0.1]);
  assertEquals(floats(f32x4.demoteF64x2Zero(b)), [Math.fround(0.1), 3, 0, 0]);
  assertEquals(doubles(f64x2.convertLowI32x4S(i32x4.constant(-7, 8, 9, 9))), [-7, 8]);
});

Deno.test("integer vectors compute lane by lane", () => {
  const a = i32x4.constant(1, -2, 2 ** 31 - 1, 4), b = i32x4.constant(3);
  assertEquals(integers(i32x4.add(a, b)), [4, 1, -(2 ** 31) + 2, 7]);
  assertEquals(integers(i32x4.mul(a, b)), [3, -6, (3 * (2 ** 31 - 1)) | 0, 12]);
  assertEquals(integers(i32x4.shl(a, 4)), [16, -32, -16, 64]);
  assertEquals(integers(i32x4.shrS(a, 1)), [0, -1, 2 ** 30 - 1, 2]);
  assertEquals(integers(i32x4.shrU(a, 1))[1], 2 ** 31 - 1);
  assertEquals(integers(i32x4.gtS(a, b)), [0, 0, -1, -1]);
  assertEquals(integers(i32x4.maxU(a, b))[1], -2);
  assertEquals(floats(f32x4.convertI32x4S(a)), [1, -2, 2 ** 31, 4]);
  assertEquals(evaluate({ mask: i32x4.bitmask(a), any: v128.anyTrue(a) }), { mask: 2, any: 1 });
  const words = i16x8.extendLowI8x16U(i32x4.constant(0xc8c8c8c8 | 0));
  assertEquals(integers(i32x4.extendHighI16x8U(words)), [200, 200, 200, 200]);
  assertEquals(integers(v128.andnot(b, i32x4.constant(1))), [2, 2, 2, 2]);
});

Deno.test("vector loads widen, repeat and fill single lanes", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { p: "i32" });
  const { p } = f.parameters, x = f.v128();
  const loads = [
    i32x4.extendLowI16x8U(v128.load8x8U(p)),
    v128.load16x4U(p),
    v128.load32Splat(p, 4),
    v128.load32Zero(p, 4),
    v128.load64Splat(p),
    v128.load32Lane(p, i32x4.constant(5), 2, 4),
  ];
  loads.forEach((vector, i) => f.emit(v128.store(p, vector, 16 + 16 * i)));
  f.set(x, v128.load(p, 16));
  f.emit(v128.store32Lane(p, x, 3, 12));
  module.export(f);
  const { memory, functions } = instantiate(module);
  new Uint8Array(memory.buffer).set([1, 2, 3, 255, 5, 6, 7, 8]);
  functions.f(0);
  const low = 0xff030201 | 0, high = 0x08070605;
  assertEquals([...new Int32Array(memory.buffer, 16, 24)], [
    ...[1, 2, 3, 255],
    ...[0x201, 0xff03, 0x605, 0x807],
    ...[high, high, high, high],
    ...[high, 0, 0, 0],
    ...[low, high, low, high],
    ...[5, 5, high, 5],
  ]);
  assertEquals(new Int32Array(memory.buffer, 12, 1)[0], 255);
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
