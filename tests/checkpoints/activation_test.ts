import { assertAlmostEquals, assertEquals } from "@std/assert";
import { isActivation, probabilitiesOf } from "../../checkpoints/activation.ts";

Deno.test("softmax shares a probability out among the classes, sigmoids give each its own", () => {
  const logits = Float32Array.of(0, Math.log(3), -1000);
  const shared = probabilitiesOf(logits);
  [0.25, 0.75, 0].forEach((expected, i) => assertAlmostEquals(shared[i], expected, 1e-7));
  const own = probabilitiesOf(logits, "sigmoid");
  [0.5, 0.75, 0].forEach((expected, i) => assertAlmostEquals(own[i], expected, 1e-7));
});

Deno.test("other activations are none", () => {
  assertEquals(["softmax", "sigmoid", "tanh", null].map(isActivation), [true, true, false, false]);
});
