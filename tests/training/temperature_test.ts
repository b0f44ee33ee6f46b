import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { RunError } from "../../errors.ts";
import { fitTemperature, negativeLogLikelihood } from "../../training/temperature.ts";

const CLASSES = 4;

/** Logits that are right for most images, and labels. */
function sample(count: number, sharpness: number): { logits: Float64Array; labels: Int32Array } {
  const random = new RandomStream({ seed: 5, stream: STREAM.synthetic, sample: 0 });
  const logits = Float64Array.from({ length: count * CLASSES }, () => 4 * random.uniform() - 2);
  const labels = Int32Array.from({ length: count }, () => random.uint32() % CLASSES);
  labels.forEach((label, n) => logits[n * CLASSES + label] += 1.5);
  return { logits: logits.map((logit) => sharpness * logit), labels };
}

Deno.test("the fitted temperature minimizes the loss", () => {
  for (const sharpness of [0.2, 1, 7]) {
    const { logits, labels } = sample(50, sharpness);
    const temperature = fitTemperature(logits, labels);
    const loss = (factor: number) => negativeLogLikelihood(logits, labels, temperature * factor);
    const h = 1e-4;
    assertAlmostEquals((loss(1 + h) - loss(1 - h)) / (2 * h), 0, 1e-8);
    for (const factor of [0.9, 0.99, 1.01, 1.1]) assert(loss(factor) > loss(1), `${factor}`);
  }
});

Deno.test("doubled logits have twice the temperature", () => {
  const { logits, labels } = sample(50, 1);
  const doubled = logits.map((logit) => 2 * logit);
  const temperature = fitTemperature(logits, labels);
  assertAlmostEquals(fitTemperature(doubled, labels), 2 * temperature, 1e-12);
});

Deno.test("no temperature is fitted if every image is right or the logits say nothing", () => {
  assertThrows(
    () => fitTemperature([3, 0, 0, 3], [0, 1]),
    RunError,
    "every image is classified correctly",
  );
  for (const logits of [[0, 0, 0, 0], [0, 3, 3, 0], [0, 3, 0, 3]]) {
    assertThrows(() => fitTemperature(logits, [0, 1]), RunError, "unrelated to the classes");
  }
});
