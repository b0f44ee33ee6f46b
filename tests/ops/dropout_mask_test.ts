import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { dropoutMask } from "../../ops/dropout_mask.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

const SHAPE = [3, 5, 7, 11];

async function mask(backend: Backend, step: number, p: number, stream = 7) {
  const inputs = { step: { shape: [], data: Int32Array.of(step) } };
  const { y } = await compute(backend, inputs, ({ step }) => ({
    y: dropoutMask(step, { shape: SHAPE, p, stream }),
  }));
  return y;
}

testOnEveryBackend("every backend draws the same mask", async (backend) => {
  for (const step of [0, 3, -5]) {
    assertEquals(await mask(backend, step, 0.3), await mask(referenceBackend(), step, 0.3));
  }
});

testOnEveryBackend("elements are dropped or scaled by 1 / (1 - p)", async (backend) => {
  const values = await mask(backend, 1, 0.25);
  const scale = Math.fround(1 / 0.75);
  assert(values.every((value) => value === 0 || value === scale));
  const dropped = values.filter((value) => value === 0).length / values.length;
  assert(Math.abs(dropped - 0.25) < 0.05, `${dropped} of the elements are dropped`);
  assert((await mask(backend, 1, 0)).every((value) => value === 1));
});

Deno.test("different steps and streams have different masks", async () => {
  const backend = referenceBackend();
  assertNotEquals(await mask(backend, 1, 0.5), await mask(backend, 2, 0.5));
  assertNotEquals(await mask(backend, 1, 0.5, 1), await mask(backend, 1, 0.5, 2));
});

Deno.test("a probability of 1 and a non-integer step are refused", () => {
  trace({ name: "refused" }, () => {
    const draw = (p: number, dtype: "i32" | "f32") =>
      dropoutMask(input(dtype, [], dtype), { shape: [2], p, stream: 0 });
    assertThrows(() => draw(1, "i32"), InputError, "p is 1");
    assertThrows(() => draw(0.5, "f32"), InputError, "expected i32");
  });
});
