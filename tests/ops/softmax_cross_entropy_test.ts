import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { countCorrect } from "../../ops/count_correct.ts";
import { gradients } from "../../ops/gradients.ts";
import { softmax } from "../../ops/softmax.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

const LOGITS = { shape: [3, 3], data: Float32Array.of(1, 2, 3, -1, 0.5, 0, 4, 4, 1) };

testOnEveryBackend("a sample with a negative label is ignored", async (backend) => {
  const labels = { shape: [3], data: Int32Array.of(2, -1, 0) };
  const kept = { shape: [2], data: Int32Array.of(2, 0) };
  const two = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 4, 1) };
  const outputs = await compute(backend, { logits: LOGITS, labels, two, kept }, (values) => {
    const mean = softmaxCrossEntropy(values.logits, values.labels);
    return {
      mean,
      expected: softmaxCrossEntropy(values.two, values.kept),
      sum: softmaxCrossEntropy(values.logits, values.labels, { reduction: "sum" }),
      each: softmaxCrossEntropy(values.logits, values.labels, { reduction: "none" }),
      gradient: gradients(mean, [values.logits])[0],
      correct: countCorrect(values.logits, values.labels),
    };
  });
  assertAlmostEquals(outputs.mean[0], outputs.expected[0], 1e-6);
  assertAlmostEquals(outputs.sum[0], 2 * outputs.expected[0], 1e-6);
  assertEquals(outputs.each[1], 0);
  assertEquals([...outputs.gradient.subarray(3, 6)], [0, 0, 0]);
  // The third sample's first maximum is at its label.
  assertEquals([...outputs.correct], [2]);
});

testOnEveryBackend("labels and equivalent probabilities give the same loss", async (backend) => {
  const labels = { shape: [3], data: Int32Array.of(2, 1, 0) };
  const target = { shape: [3, 3], data: Float32Array.of(0, 0, 1, 0, 1, 0, 1, 0, 0) };
  const outputs = await compute(backend, { logits: LOGITS, labels, target }, (values) => {
    const options = { labelSmoothing: 0.2 };
    const hard = softmaxCrossEntropy(values.logits, values.labels, options);
    const soft = softmaxCrossEntropy(values.logits, values.target, options);
    return {
      hard,
      soft,
      hardGradient: gradients(hard, [values.logits])[0],
      softGradient: gradients(soft, [values.logits])[0],
    };
  });
  assertAlmostEquals(outputs.hard[0], outputs.soft[0], 1e-6);
  outputs.hardGradient.forEach((value, i) =>
    assertAlmostEquals(value, outputs.softGradient[i], 1e-6)
  );
});

testOnEveryBackend("the loss of extreme logits neither overflows nor vanishes", async (backend) => {
  const logits = { shape: [2, 2], data: Float32Array.of(1e4, -1e4, -1e30, 1e30) };
  const labels = { shape: [2], data: Int32Array.of(1, 1) };
  const outputs = await compute(backend, { logits, labels }, (values) => ({
    each: softmaxCrossEntropy(values.logits, values.labels, { reduction: "none" }),
    softmax: softmax(values.logits),
  }));
  assertEquals([...outputs.each], [2e4, 0]);
  assertEquals([...outputs.softmax], [1, 0, 0, 1]);
});

Deno.test("targets that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const logits = input("logits", [2, 3]);
    const loss = (shape: number[], dtype: "f32" | "i32", labelSmoothing = 0) =>
      softmaxCrossEntropy(logits, input(`${shape} ${dtype}`, shape, dtype), { labelSmoothing });
    assertThrows(() => loss([2], "f32"), InputError, "target holds f32; expected i32");
    assertThrows(() => loss([3], "i32"), InputError, "target has shape [3]; expected [2]");
    assertThrows(() => loss([2, 4], "f32"), InputError, "expected [2, 3]");
    assertThrows(() => loss([2], "i32", 1.5), InputError, "labelSmoothing is 1.5");
    const weighted = () =>
      softmaxCrossEntropy(logits, input("labels", [2], "i32"), { weight: input("weight", [2]) });
    assertThrows(weighted, InputError, "weight has shape [2]; expected [3]");
  });
});
