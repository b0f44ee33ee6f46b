import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace, withScope } from "../../graph/trace.ts";
import { channelMoments } from "../../ops/channel_moments.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { fill } from "../../ops/fill.ts";
import { linear } from "../../ops/linear.ts";
import { matmul } from "../../ops/matmul.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

testOnEveryBackend("matmul transposes either operand", async (backend) => {
  const a = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const aT = { shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) };
  const b = { shape: [3, 2], data: Float32Array.of(7, 8, 9, 10, 11, 12) };
  const bT = { shape: [2, 3], data: Float32Array.of(7, 9, 11, 8, 10, 12) };
  const outputs = await compute(backend, { a, aT, b, bT }, ({ a, aT, b, bT }) => ({
    plain: matmul(a, b),
    first: matmul(aT, b, { transposeA: true }),
    second: matmul(a, bT, { transposeB: true }),
    both: matmul(aT, bT, { transposeA: true, transposeB: true }),
  }));
  for (const product of Object.values(outputs)) assertEquals([...product], [58, 64, 139, 154]);
});

testOnEveryBackend("moments keep their precision far from zero", async (backend) => {
  const data = Float32Array.from({ length: 2 * 1 * 64 }, (_, i) => 1000 + i % 2);
  const outputs = await compute(backend, { x: { shape: [2, 1, 8, 8], data } }, ({ x }) => {
    const { mean, variance } = channelMoments(x);
    return { mean, variance };
  });
  assertEquals([...outputs.mean], [1000.5]);
  assertEquals([...outputs.variance], [0.25]);
});

Deno.test("errors name the module, what was found and what was expected", () => {
  trace({ name: "refused" }, () => {
    const x = fill([1, 3, 8, 8], 1);
    const at = (build: () => void) => () => withScope("conv1", build);
    assertThrows(
      at(() => conv2d(x, fill([4, 2, 3, 3], 1))),
      InputError,
      "conv1: conv2d: weight [4, 2, 3, 3] with 1 group(s) expects 2 input channels, found 3",
    );
    assertThrows(
      at(() => conv2d(x, fill([4, 3, 3, 3], 1), fill([3], 1))),
      InputError,
      "bias has shape [3]; expected [4]",
    );
    assertThrows(
      at(() => conv2d(x, fill([4, 3, 9, 9], 1))),
      InputError,
      "larger than the padded image of 8x8",
    );
    assertThrows(
      at(() => conv2d(x, fill([4, 3, 3, 3], 1), undefined, { stride: 0 })),
      InputError,
      "stride is 0x0",
    );
    assertThrows(
      at(() => conv2d(x, fill([4, 3, 3, 3], 1), undefined, { padding: 8, paddingMode: "reflect" })),
      InputError,
      "at most 7",
    );
    assertThrows(() => linear(fill([2, 3], 1), fill([4, 5], 1)), InputError, "expects 5 features");
    assertThrows(() => linear(x, fill([4, 5], 1)), InputError, "flatten it first");
    assertThrows(() => matmul(fill([2, 3], 1), fill([2, 3], 1)), InputError, "3 columns");
    assertThrows(
      () => channelNormalize(x, fill([3], 0), fill([3], 1), { bias: fill([3], 0) }),
      InputError,
      "needs a weight",
    );
    assertThrows(() => channelNormalize(x, fill([2], 0), fill([3], 1)), InputError, "expected [3]");
  });
});
