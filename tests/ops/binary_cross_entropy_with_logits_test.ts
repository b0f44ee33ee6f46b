import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { binaryCrossEntropyWithLogits } from "../../ops/binary_cross_entropy_with_logits.ts";
import { binaryOutcomes } from "../../ops/binary_outcomes.ts";
import { gradients } from "../../ops/gradients.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

testOnEveryBackend("an unknown target has neither loss nor gradient", async (backend) => {
  const logits = { shape: [2, 2], data: Float32Array.of(1, -2, 3, 30) };
  const targets = { shape: [2, 2], data: Float32Array.of(1, 0, -1, -1) };
  const outputs = await compute(backend, { logits, targets }, ({ logits, targets }) => {
    const mean = binaryCrossEntropyWithLogits(logits, targets);
    return {
      mean,
      each: binaryCrossEntropyWithLogits(logits, targets, { reduction: "none" }),
      gradient: gradients(mean, [logits])[0],
    };
  });
  const known = Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(-2));
  assertAlmostEquals(outputs.mean[0], known / 4, 1e-6);
  assertEquals([...outputs.each.subarray(2)], [0, 0]);
  assertEquals([...outputs.gradient.subarray(2)], [0, 0]);
});

testOnEveryBackend("the loss of extreme logits neither overflows nor vanishes", async (backend) => {
  const logits = { shape: [4], data: Float32Array.of(1e4, 1e4, -1e30, -90) };
  const targets = { shape: [4], data: Float32Array.of(1, 0, 1, 0) };
  const outputs = await compute(backend, { logits, targets }, ({ logits, targets }) => {
    const each = binaryCrossEntropyWithLogits(logits, targets, { reduction: "none" });
    const total = binaryCrossEntropyWithLogits(logits, targets, { reduction: "sum" });
    return { each, gradient: gradients(total, [logits])[0] };
  });
  assertEquals([...outputs.each.subarray(0, 3)], [0, 1e4, Math.fround(1e30)]);
  assertAlmostEquals(outputs.each[3], 0, 1e-30);
  assertEquals([...outputs.gradient.subarray(0, 3)], [0, 1, -1]);
});

testOnEveryBackend(
  "decisions are counted as right or wrong, unknown targets as neither",
  async (backend) => {
    const logits = { shape: [3, 2], data: Float32Array.of(1, 1, -1, -1, 1, 0.2) };
    const targets = { shape: [3, 2], data: Float32Array.of(1, 0, 1, 0, -1, 1) };
    const outcomes = await compute(
      backend,
      { logits, targets },
      ({ logits, targets }) => ({ ...binaryOutcomes(logits, targets, { threshold: 0.5 }) }),
    );
    assertEquals([...outcomes.truePositives], [1, 0, 0, 0, 0, 0]);
    assertEquals([...outcomes.falsePositives], [0, 1, 0, 0, 0, 0]);
    assertEquals([...outcomes.falseNegatives], [0, 0, 1, 0, 0, 1]);
  },
);

Deno.test("targets and weights that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const logits = input("logits", [2, 3]);
    assertThrows(
      () => binaryCrossEntropyWithLogits(logits, input("labels", [2], "i32")),
      InputError,
      "targets holds i32; expected f32",
    );
    const targets = input("targets", [2, 3]);
    const positiveWeight = input("weight", [2]);
    assertThrows(
      () => binaryCrossEntropyWithLogits(logits, targets, { positiveWeight }),
      InputError,
      "positiveWeight has shape [2]",
    );
  });
});
