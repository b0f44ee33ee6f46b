import { assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { randomSource } from "../../graph/random.ts";
import { apply, constant, output, trace } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { channelMoments } from "../../ops/channel_moments.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { detach } from "../../ops/detach.ts";
import { gradients, vectorJacobianProduct } from "../../ops/gradients.ts";
import { multiply } from "../../ops/multiply.ts";
import { OPS } from "../../ops/registry.ts";
import { scale } from "../../ops/scale.ts";
import { sum } from "../../ops/sum.ts";
import { checkGradient } from "../support/gradient_check.ts";
import { compute } from "../support/run.ts";

for (const op of OPS.values()) {
  if (!op.gradient) continue;
  Deno.test(`${op.name}: the gradient agrees with finite differences`, () => {
    op.samples.forEach(({ operands, attributes }, i) => {
      const build = (values: Value[]) => apply(op, values, attributes);
      checkGradient(operands, build, randomSource(1, op.name, i));
    });
  });
}

Deno.test("batch norm: the gradient agrees with finite differences", () => {
  checkGradient([[2, 3, 4, 4], [3], [3]], ([x, weight, bias]) => {
    const { mean, variance } = channelMoments(x);
    return [channelNormalize(x, mean, variance, { weight, bias })];
  }, randomSource(1, "batch norm", 0));
});

Deno.test("no gradient passes through detach", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const { dx } = await compute(referenceBackend(), { x }, ({ x }) => ({
    dx: gradients(sum(add(x, detach(scale(x, 10)))), [x])[0],
  }));
  assertEquals([...dx], [1, 1]);
});

Deno.test("a value used twice gets the sum of its gradients", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const { dx } = await compute(referenceBackend(), { x }, ({ x }) => ({
    dx: gradients(sum(add(multiply(x, x), scale(x, 10))), [x])[0],
  }));
  assertEquals([...dx], [16, 20]);
});

Deno.test("the seeds of several outputs add up, even if one depends on another", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const seed = { shape: [2], data: Float32Array.of(1, 10) };
  const { dx, dy } = await compute(referenceBackend(), { x, seed }, ({ x, seed }) => {
    const y = scale(x, 2);
    const z = multiply(y, y);
    const [dx, dy] = vectorJacobianProduct([y, z], [seed, seed], [x, y]);
    return { dx, dy };
  });
  assertEquals([...dy], [1 + 12, 10 + 200]);
  assertEquals([...dx], [26, 420]);
});

Deno.test("a value that the loss does not depend on gets zeros", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const { dx } = await compute(referenceBackend(), { x, other: x }, ({ x, other }) => ({
    dx: gradients(sum(other), [x])[0],
  }));
  assertEquals([...dx], [0, 0]);
});

Deno.test("gradients of a non-scalar loss and seeds that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const x = constant([2], Float32Array.of(1, 2));
    output("x", x);
    assertThrows(() => gradients(x, [x]), InputError, "[2]");
    assertThrows(() => vectorJacobianProduct([x], [], [x]), InputError, "0 seeds");
    assertThrows(() => vectorJacobianProduct([x], [sum(x)], [x]), InputError, "[]");
  });
});
