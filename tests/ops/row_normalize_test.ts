import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace } from "../../graph/trace.ts";
import { fill } from "../../ops/fill.ts";
import { groupNorm, layerNorm2d } from "../../ops/row_normalize.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";
import { someNumbers } from "../support/run_module.ts";

testOnEveryBackend(
  "an image is normalized independently of the rest of the batch",
  async (backend) => {
    const shape = [3, 10, 3, 2];
    const data = Float32Array.from(someNumbers(shape));
    const alone = data.slice(60, 120);
    const build = ({ x }: Record<string, Parameters<typeof groupNorm>[0]>) => ({
      pixels: layerNorm2d(x),
      groups: groupNorm(x, 5),
    });
    const all = await compute(backend, { x: { shape, data } }, build);
    const one = await compute(backend, { x: { shape: [1, 10, 3, 2], data: alone } }, build);
    assertEquals(all.pixels.slice(60, 120), one.pixels);
    assertEquals(all.groups.slice(60, 120), one.groups);
  },
);

testOnEveryBackend(
  "equal values are normalized to zero, however large they are",
  async (backend) => {
    const x = { shape: [1, 5, 1, 3], data: new Float32Array(15).fill(1234.567) };
    const { pixels, groups } = await compute(backend, { x }, ({ x }) => ({
      pixels: layerNorm2d(x),
      groups: groupNorm(x, 1),
    }));
    assertEquals(new Set([...pixels, ...groups]), new Set([0]));
  },
);

Deno.test("invalid shapes and groups are refused", () => {
  trace({ name: "refused" }, () => {
    assertThrows(() => layerNorm2d(fill([2, 6], 1)), InputError, "[2, 6]");
    assertThrows(() => groupNorm(fill([2, 6, 1, 1], 1), 4), InputError, "into 4 groups");
    assertThrows(() => groupNorm(fill([2, 6, 1, 1], 1), 0), InputError, "into 0 groups");
  });
});
