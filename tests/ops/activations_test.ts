/**
 * Activations at their kinks and far from zero; PyTorch's numbers in between are in the fixtures.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { fill } from "../../ops/fill.ts";
import { trace } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { elu } from "../../ops/elu.ts";
import { gelu, geluOp } from "../../ops/gelu.ts";
import { gradients } from "../../ops/gradients.ts";
import { hardSigmoid } from "../../ops/hard_sigmoid.ts";
import { hardSwish } from "../../ops/hard_swish.ts";
import { leakyRelu } from "../../ops/leaky_relu.ts";
import { mish } from "../../ops/mish.ts";
import { prelu } from "../../ops/prelu.ts";
import { relu6 } from "../../ops/relu6.ts";
import { sigmoid } from "../../ops/sigmoid.ts";
import { silu } from "../../ops/silu.ts";
import { softplus } from "../../ops/softplus.ts";
import { sum } from "../../ops/sum.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

const ACTIVATIONS: Readonly<Record<string, (x: Value) => Value>> = {
  elu: (x) => elu(x, { alpha: 1.5 }),
  gelu,
  geluTanh: (x) => gelu(x, { approximate: "tanh" }),
  hardSigmoid,
  hardSwish,
  leakyRelu: (x) => leakyRelu(x, { negativeSlope: 0.25 }),
  mish,
  prelu: (x) => prelu(x, fill([1], 0.25)),
  relu6,
  sigmoid,
  silu,
  softplus,
};

/** PyTorch's gradients at these points. */
const BENDS: Readonly<Record<string, readonly [x: number, slope: number][]>> = {
  relu6: [[0, 0], [6, 0]],
  hardSigmoid: [[-3, 0], [3, 0]],
  hardSwish: [[-3, -0.5]],
  leakyRelu: [[0, 0.25]],
  prelu: [[0, 0.25]],
  elu: [[0, 1.5]],
};

testOnEveryBackend("gradients at the kinks of activations are PyTorch's", async (backend) => {
  for (const [name, points] of Object.entries(BENDS)) {
    const x = { shape: [points.length], data: Float32Array.from(points, ([at]) => at) };
    const { dx } = await compute(backend, { x }, ({ x }) => ({
      dx: gradients(sum(ACTIVATIONS[name](x)), [x])[0],
    }));
    assertEquals([...dx], points.map(([, slope]) => slope), name);
  }
});

/** Limits of activations at -90 and 1000, too small or large for an exponential. */
const FAR: Readonly<Record<string, readonly [low: number, high: number]>> = {
  elu: [-1.5, 1000],
  gelu: [0, 1000],
  geluTanh: [0, 1000],
  hardSigmoid: [0, 1],
  hardSwish: [0, 1000],
  leakyRelu: [-22.5, 1000],
  mish: [0, 1000],
  prelu: [-22.5, 1000],
  relu6: [0, 6],
  sigmoid: [0, 1],
  silu: [0, 1000],
  softplus: [0, 1000],
};

testOnEveryBackend(
  "activations reach their limits far from zero, and NaN stays NaN",
  async (backend) => {
    const x = { shape: [3], data: Float32Array.of(-90, 1000, NaN) };
    const results = await compute(backend, { x }, ({ x }) =>
      Object.fromEntries(
        Object.entries(ACTIVATIONS).flatMap(([name, activation]) => {
          const y = activation(x);
          return [[name, y], [`${name}Gradient`, gradients(sum(y), [x])[0]]];
        }),
      ));
    for (const [name, [low, high]] of Object.entries(FAR)) {
      const [below, above, none] = results[name];
      assertAlmostEquals(below, low, 1e-6, name);
      assertAlmostEquals(above, high, 1e-3, name);
      assertEquals(none, NaN, name);
      assert(results[`${name}Gradient`].slice(0, 2).every(Number.isFinite), `${name}Gradient`);
    }
  },
);

Deno.test("gelu uses the normal distribution function, accurate to 1e-9", () => {
  const [from, to, steps] = [-8, 8, 4000];
  const width = (to - from) / steps;
  const density = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  const points = Float64Array.from({ length: steps + 1 }, (_, i) => from + i * width);
  const type = { shape: [points.length], dtype: "f32" } as const;
  const operand = { shape: type.shape, data: points };
  const [y] = geluOp.evaluate([operand], { approximate: "none" }, [type]);
  let area = 0;
  points.forEach((x, i) => {
    // Simpson's rule between neighbouring points.
    if (i > 0) area += width / 6 * (density(x - width) + 4 * density(x - width / 2) + density(x));
    assertAlmostEquals(y[i], x * area, 8e-9);
  });
});

Deno.test("invalid attributes of activations are refused", () => {
  trace({ name: "refused" }, () => {
    const x = fill([2], 1);
    assertThrows(() => leakyRelu(x, { negativeSlope: -1 }), InputError, "negativeSlope is -1;");
    assertThrows(() => elu(x, { alpha: NaN }), InputError, "elu: alpha is");
    assertThrows(() => softplus(x, { beta: 0 }), InputError, "expected a number above 0");
    assertThrows(() => gelu(x, { approximate: "erf" as "none" }), InputError, '"none" or "tanh"');
    assertThrows(() => prelu(fill([2, 3], 1), fill([2], 1)), InputError, "weight has shape [2]");
  });
});
