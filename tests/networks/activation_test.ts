import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  isActivation,
  logitsOf,
  meanProbabilities,
  probabilitiesOf,
} from "../../networks/activation.ts";

Deno.test("softmax probabilities sum to 1, and sigmoid gives each class its own", () => {
  const logits = Float32Array.of(0, Math.log(3), -1000);
  const shared = probabilitiesOf(logits);
  [0.25, 0.75, 0].forEach((expected, i) => assertAlmostEquals(shared[i], expected, 1e-7));
  const own = probabilitiesOf(logits, "sigmoid");
  [0.5, 0.75, 0].forEach((expected, i) => assertAlmostEquals(own[i], expected, 1e-7));
});

Deno.test("only softmax and sigmoid are activations of networks", () => {
  assertEquals(["softmax", "sigmoid", "tanh", null].map(isActivation), [true, true, false, false]);
});

Deno.test("the probabilities of several views are averaged and can be converted back to logits", () => {
  const logits = Float32Array.of(0, Math.log(3), 0, 0, Math.log(9), Math.log(99));
  const softmax = meanProbabilities(logits, 3);
  [0.25 + 0.5 + 1 / 12, 0.75 + 0.5 + 11 / 12].forEach((sum, i) =>
    assertAlmostEquals(softmax[i], sum / 3, 1e-7)
  );
  const sigmoid = meanProbabilities(logits, 3, "sigmoid");
  [0.5 + 0.5 + 0.9, 0.75 + 0.5 + 0.99].forEach((sum, i) =>
    assertAlmostEquals(sigmoid[i], sum / 3, 1e-7)
  );
  for (const [activation, mean] of [["softmax", softmax], ["sigmoid", sigmoid]] as const) {
    const again = probabilitiesOf(Float32Array.from(logitsOf(mean, activation)), activation);
    again.forEach((probability, i) => assertAlmostEquals(probability, mean[i], 1e-6));
    assertEquals(logitsOf([0, 1], activation).every(Number.isFinite), true);
  }
});
