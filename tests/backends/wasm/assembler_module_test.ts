import { assertEquals, assertThrows } from "@std/assert";
import { call, f32, f32x4, i32, ModuleBuilder } from "../../../assembler/mod.ts";
import { instantiate } from "./assembler.ts";

Deno.test("loops run once per element of the range, and not at all if it is empty", () => {
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
  double.return(f32.add(double.parameters.x, double.parameters.x));
  module.export(first);
  const { functions } = instantiate(module);
  assertEquals(functions.first(4), 9);
  assertThrows(() => module.export(first), Error, "first");
});

Deno.test("locals of other functions and functions of other modules are refused", () => {
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
