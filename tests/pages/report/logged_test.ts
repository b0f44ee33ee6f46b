import { assertEquals } from "@std/assert";
import { curvesOf } from "../../../pages/report/logged.ts";
import { runLogOf } from "../../../training/log_rows.ts";

Deno.test("very many logged steps are averaged in runs of consecutive ones", () => {
  const steps = Array.from({ length: 3001 }, (_, i) => ({
    epoch: 1,
    step: i + 1,
    values: { loss: i, ...(i === 0 ? { gradientNorm: 7 } : {}) },
  }));
  const { steps: { at, values }, stepsAveraged } = curvesOf(steps, []);
  assertEquals(stepsAveraged, 3);
  assertEquals([at.length, at[0], at.at(-1)], [1001, 3, 3001]);
  assertEquals([values.loss[0], values.loss[1], values.loss.at(-1)], [1, 4, 3000]);
  assertEquals(values.gradientNorm.slice(0, 2), [7, null]);
});

Deno.test("epochs have a column per value, with null where it was not logged", () => {
  const { epochs } = curvesOf([], [
    { epoch: 1, step: 5, values: { learningRate: 0.1 }, train: { loss: 2 } },
    {
      epoch: 2,
      step: 10,
      values: { learningRate: 0.05 },
      train: { loss: 1.23456789 },
      validation: { accuracy: 0.5 },
    },
  ]);
  assertEquals(epochs, {
    at: [1, 2],
    steps: [5, 10],
    train: { loss: [2, 1.23457] },
    learningRate: [0.1, 0.05],
    validation: { accuracy: [null, 0.5] },
    time: {},
  });
});

Deno.test("values named like properties of Object.prototype are handled", () => {
  const entries = ["constructor", "toString", "__proto__"].map((name, i) =>
    JSON.parse(`{"event": "step", "epoch": 1, "step": ${i + 1}, "${name}": ${i}}`)
  );
  const { steps } = runLogOf(entries, []);
  const { values } = curvesOf(steps, []).steps;
  assertEquals(Object.entries(values), [
    ["constructor", [0, null, null]],
    ["toString", [null, 1, null]],
  ]);
});
