import { assertEquals } from "@std/assert";
import {
  f32,
  type FunctionBuilder,
  i32,
  ModuleBuilder,
  type Target,
  WideVectors,
} from "../../../assembler/mod.ts";
import { instantiate } from "./assembler.ts";

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

Deno.test("wide values give the same results as one, two or four vectors, fused or not", () => {
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
  for (const wide of [1, 2, 4] as const) {
    for (const relaxedSimd of [false, true]) {
      // Adding 0 turns -0 into 0.
      const results = runWide({ wide, relaxedSimd }, body).map((value) => value + 0);
      assertEquals(results, expected.map((value) => value + 0), `wide ${wide}, ${relaxedSimd}`);
    }
  }
});

Deno.test("the lanes of a wide value reduce to their sum and their maximum", () => {
  for (const wide of [1, 2, 4] as const) {
    const module = new ModuleBuilder();
    const f = module.function("f", { p: "i32" }, "f32");
    const vectors = new WideVectors(f, { wide, relaxedSimd: true });
    const value = vectors.load(f.parameters.p);
    f.return(f32.add(f32.div(vectors.sumLanes(value), 1 / 128), vectors.maxLane(value)));
    module.export(f);
    const { memory, functions } = instantiate(module);
    const input = [1, 5, -2, 3, 8, -9, 0, 4, 7, -6, 2, 12, 3, -1, 9, 5].slice(0, vectors.lanes);
    new Float32Array(memory.buffer).set(input);
    assertEquals(functions.f(0), 128 * input.reduce((a, b) => a + b) + Math.max(...input));
  }
});

Deno.test("the vectors of a wide local are declared as one group, other locals apart", () => {
  const f = new ModuleBuilder().function("f", {});
  const wide = new WideVectors(f, { wide: 4, relaxedSimd: true });
  wide.local(), f.v128(), f.v128(), wide.locals(2), wide.splat(1), f.i32(), f.i32();
  const groups = f.localGroups.map(({ type, count }) => `${count} ${type}`);
  assertEquals(groups, [
    "4 v128",
    "1 v128",
    "1 v128",
    "4 v128",
    "4 v128",
    "1 v128",
    "2 i32",
  ]);
});
