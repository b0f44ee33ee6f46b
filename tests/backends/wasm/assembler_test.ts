import { assertEquals, assertThrows } from "@std/assert";
import {
  atomic,
  call,
  type Expression,
  f32,
  f32x4,
  f64,
  f64x2,
  type FunctionBuilder,
  i16x8,
  i32,
  i32x4,
  i64,
  memory as bulk,
  ModuleBuilder,
  select,
  type Target,
  v128,
  type ValueType,
  type Vector,
  WideVectors,
} from "../../../backends/wasm/assembler/mod.ts";

type WasmFunction = (...values: (number | bigint)[]) => number | bigint;

function instantiate(
  module: ModuleBuilder,
  pages = 1,
): { memory: WebAssembly.Memory; functions: Record<string, WasmFunction> } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory },
  });
  return { memory, functions: instance.exports as Record<string, WasmFunction> };
}

/** Evaluates expressions without parameters, each in a function of its own. */
function evaluate(expressions: Record<string, Expression<ValueType>>) {
  const module = new ModuleBuilder();
  for (const [name, expression] of Object.entries(expressions)) {
    const f = module.function(name, {}, expression.type);
    f.return(expression);
    module.export(f);
  }
  const { functions } = instantiate(module);
  return Object.fromEntries(Object.keys(expressions).map((name) => [name, functions[name]()]));
}

/** Evaluates vectors and returns their bytes as an array of the given kind. */
function lanes<A>(
  vector: Vector,
  array: new (buffer: ArrayBufferLike, offset: number, length: number) => A,
  count: number,
): A {
  const module = new ModuleBuilder();
  const f = module.function("store", {});
  f.emit(v128.store(0, vector));
  module.export(f);
  const { memory, functions } = instantiate(module);
  functions.store();
  return new array(memory.buffer, 0, count);
}
const floats = (vector: Vector) => [...lanes(vector, Float32Array, 4)];
const integers = (vector: Vector) => [...lanes(vector, Int32Array, 4)];
const doubles = (vector: Vector) => [...lanes(vector, Float64Array, 2)];

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

Deno.test("loops run as often as the range asks, not at all if it is empty", () => {
  const module = new ModuleBuilder();
  const f = module.function("rounds", { from: "i32", to: "i32", step: "i32" }, "i32");
  const { from, to, step } = f.parameters, i = f.i32(), rounds = f.i32();
  // The end is an expression: it must be evaluated once, so changing `to` has no effect.
  f.loop(i, from, i32.add(to, 0), step, () => {
    f.increment(rounds, 1);
    f.set(to, 0);
  });
  f.return(rounds);
  module.export(f);
  const g = module.function("countdown", { n: "i32" }, "i32");
  const n = g.parameters.n, sum = g.i32(), j = g.i32();
  g.while(n, () => {
    g.increment(sum, n);
    g.set(n, i32.sub(n, 1));
  });
  g.loopAtLeastOnce(j, 0, 1, 1, () => g.increment(sum, 1000));
  g.if(i32.gtU(sum, 1005), () => g.return(sum), () => g.return(-1));
  module.export(g);
  const { functions } = instantiate(module);
  assertEquals(functions.rounds(0, 10, 3), 4);
  assertEquals(functions.rounds(5, 5, 1), 0);
  assertEquals(functions.rounds(6, 5, 1), 0);
  assertEquals(functions.rounds(2 ** 31 - 2, 2 ** 31 + 2, 1), 4);
  assertEquals([functions.countdown(4), functions.countdown(0)], [1010, -1]);
});

Deno.test("functions call functions defined later", () => {
  const module = new ModuleBuilder();
  const double = module.function("double", { x: "f32" }, "f32");
  const first = module.function("first", { x: "f32" }, "f32");
  first.return(f32.add(call(double, { x: first.parameters.x }), 1));
  double.return(f32.mul(double.parameters.x, 2));
  module.export(first);
  const { functions } = instantiate(module);
  assertEquals(functions.first(4), 9);
  assertThrows(() => module.export(first), Error, "first");
});

Deno.test("a local or function of elsewhere is refused", () => {
  const module = new ModuleBuilder(), other = new ModuleBuilder();
  const f = module.function("f", {}), g = other.function("g", {});
  const foreign = g.i32();
  assertThrows(() => f.set(foreign, 1), Error, "another function");
  assertThrows(() => f.drop(i32.add(foreign, 1)), Error, "outside the function");
  f.emit(call(g, {}));
  assertThrows(() => module.build(), Error, "g is not part of this module");
});

Deno.test("values of the wrong type do not compile", () => {
  const f = new ModuleBuilder().function("f", { a: "i32" }, "f32");
  const integer = f.i32(), float = f.f32(), vector = f.v128();
  // @ts-expect-error a vector where an integer belongs
  i32.add(integer, vector);
  // @ts-expect-error a number where a vector belongs
  f32x4.add(vector, 1);
  // @ts-expect-error a parameter of another name
  call(f, { b: 1 });
  // @ts-expect-error a result of another type
  f.return(vector);
  // @ts-expect-error a local of another type
  f.set(integer, float);
  // @ts-expect-error a value where a statement belongs
  f.emit(i32.add(1, 2));
});

Deno.test("a module of several hundred kilobytes builds and runs", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { x: "i32" }, "i32");
  const additions = 60_000;
  for (let i = 0; i < additions; i++) f.increment(f.parameters.x, 3);
  f.return(f.parameters.x);
  module.export(f);
  const { functions } = instantiate(module);
  assertEquals(functions.f(5), 5 + 3 * additions);
});

Deno.test("addresses above 2 GiB work", () => {
  const module = new ModuleBuilder();
  const f = module.function("f", { from: "i32", to: "i32" }, "f32");
  const { from, to } = f.parameters, address = f.i32(), sum = f.f32();
  f.loop(address, from, to, 4, () => f.set(sum, f32.add(sum, f32.load(address))));
  f.return(f32.add(sum, f32.load(2 ** 31 + 4)));
  module.export(f);
  const { memory, functions } = instantiate(module, 2 ** 15 + 1);
  new Float32Array(memory.buffer, 2 ** 31 - 8, 4).fill(1.5);
  assertEquals(functions.f(2 ** 31 - 8, 2 ** 31 + 8), 7.5);
});

/** Runs a function of 16 floats at 0 and 16 at 64 that writes 16 floats at 128. */
function runWide(
  target: Target,
  body: (wide: WideVectors, f: FunctionBuilder<{ p: "i32" }, "void">) => void,
): number[] {
  const module = new ModuleBuilder();
  const f = module.function("f", { p: "i32" });
  const wide = new WideVectors(f, target), end = f.i32();
  f.set(end, i32.add(f.parameters.p, 64));
  f.loop(f.parameters.p, f.parameters.p, end, wide.bytes, () => body(wide, f));
  module.export(f);
  const { memory, functions } = instantiate(module);
  const input = Float32Array.from({ length: 32 }, (_, i) => ((i * 7) % 16) - 6);
  new Float32Array(memory.buffer).set(input);
  functions.f(0);
  return [...new Float32Array(memory.buffer, 128, 16)];
}

Deno.test("wide values give the same results in one vector and in pairs, fused or not", () => {
  const body = (wide: WideVectors, f: FunctionBuilder<{ p: "i32" }, "void">) => {
    const { p } = f.parameters, x = wide.local(), y = wide.local(), sum = wide.local();
    wide.set(x, wide.load(p));
    wide.set(y, wide.load(p, 64));
    const half = wide.splat(0.5), first = wide.loadSplat(4);
    wide.set(sum, wide.madd(x, half, wide.add(y, first)));
    wide.set(sum, wide.nmadd(y, wide.constant(2), sum));
    wide.set(sum, wide.select(wide.greater(x, y), wide.max(sum, wide.zero()), wide.neg(sum)));
    wide.store(p, wide.div(wide.sub(sum, wide.min(x, half)), wide.constant(4)), 128);
  };
  const input = Array.from({ length: 32 }, (_, i) => ((i * 7) % 16) - 6);
  const expected = Array.from({ length: 16 }, (_, i) => {
    const x = input[i], y = input[i + 16];
    const sum = x * 0.5 + (y + input[1]) - 2 * y;
    return ((x > y ? Math.max(sum, 0) : -sum) - Math.min(x, 0.5)) / 4;
  });
  for (const wide of [1, 2] as const) {
    for (const relaxedSimd of [false, true]) {
      // Adding 0 makes the two zeros one.
      const results = runWide({ wide, relaxedSimd }, body).map((value) => value + 0);
      assertEquals(results, expected.map((value) => value + 0), `wide ${wide}, ${relaxedSimd}`);
    }
  }
});

Deno.test("the lanes of a wide value reduce to their sum and their maximum", () => {
  for (const wide of [1, 2] as const) {
    const module = new ModuleBuilder();
    const f = module.function("f", { p: "i32" }, "f32");
    const vectors = new WideVectors(f, { wide, relaxedSimd: true });
    const value = vectors.load(f.parameters.p);
    f.return(f32.add(f32.mul(vectors.sumLanes(value), 100), vectors.maxLane(value)));
    module.export(f);
    const { memory, functions } = instantiate(module);
    const input = [1, 5, -2, 3, 8, -9, 0, 4].slice(0, vectors.lanes);
    new Float32Array(memory.buffer).set(input);
    assertEquals(functions.f(0), 100 * input.reduce((a, b) => a + b) + Math.max(...input));
  }
});
