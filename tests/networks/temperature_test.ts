import { assertAlmostEquals, assertEquals } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { input, output, trace } from "../../graph/trace.ts";
import { isDescription } from "../../networks/network.ts";
import { calibratedProgram } from "../../networks/temperature.ts";

Deno.test("a calibrated program's logits are divided by the temperature", async () => {
  const program = trace({ name: "infer" }, () => output("logits", input("logits", [1, 3])));
  assertEquals(calibratedProgram(program, {}), program);
  const calibrated = calibratedProgram(program, { temperature: 2.5 });
  const executable = await referenceBackend().compile([calibrated]);
  const { logits } = await executable.run("infer", { logits: Float32Array.of(1, -2, 5) });
  [0.4, -0.8, 2].forEach((logit, i) => assertAlmostEquals(logits[i], logit, 1e-7));
});

Deno.test("a file's temperature is within 0.01 to 100, and only allowed with softmax", () => {
  const description = {
    model: "small",
    input: { height: 4, width: 5, channels: 1 },
    normalization: { mean: [0.5], std: [0.25] },
    classNames: ["a", "b"],
  };
  for (const temperature of [0.01, 1, 1.7, 100]) {
    assertEquals(isDescription({ ...description, temperature }), true);
    assertEquals(isDescription({ ...description, activation: "sigmoid", temperature }), false);
  }
  for (const temperature of [0, -1, 1e-3, 1e300, NaN, "2", null, [2]]) {
    assertEquals(isDescription({ ...description, temperature }), false);
  }
});
