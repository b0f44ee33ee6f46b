import { assertEquals, assertThrows } from "@std/assert";
import { targetMetric } from "../../comparison/measures.ts";
import { parseTargets, usualTargets } from "../../comparison/targets.ts";
import { InputError } from "../../errors.ts";
import type { RunLog } from "../../training/run_log.ts";

const logOf = (metric: string, values: readonly number[]): RunLog => ({
  steps: [],
  epochs: values.map((value, i) => ({
    epoch: i + 1,
    step: i + 1,
    values: {},
    train: {},
    validation: { [metric]: value },
  })),
});

Deno.test("targets are numbers or percentages", () => {
  assertEquals(parseTargets("0.9, 95%,80 %"), [
    { value: 0.9, isPercent: false },
    { value: 0.95, isPercent: true },
    { value: 0.8, isPercent: true },
  ]);
  for (const wrong of ["", "0.9,", "x", "90%%"]) {
    assertThrows(() => parseTargets(wrong), InputError, "--targets: found");
  }
});

Deno.test("default targets are round values that every run reaches", () => {
  const share = { unit: "share", mode: "max" } as const;
  const logs = [logOf("accuracy", [0.3, 0.93, 0.9]), logOf("accuracy", [0.85, 0.2])];
  assertEquals(usualTargets(logs, "accuracy", share), [0.75, 0.8, 0.85]);
  assertEquals(usualTargets([logOf("accuracy", [0.1, 0.17])], "accuracy", share), [0.15]);
  assertEquals(usualTargets([logOf("accuracy", [0.17])], "accuracy", share), []);
  const number = { unit: "number", mode: "min" } as const;
  assertEquals(usualTargets([logOf("loss", [0.5, 0.4321])], "loss", number), [0.44]);
  assertEquals(usualTargets([logOf("loss", [])], "loss", number), []);
});

Deno.test("targets apply to the metric with their unit and must be in its range", () => {
  const loss = { name: "loss", title: "loss", unit: "number", mode: "min" } as const;
  const accuracy = { name: "accuracy", title: "accuracy", unit: "share", mode: "max" } as const;
  assertEquals(targetMetric([loss, accuracy], parseTargets("12%")), accuracy);
  assertEquals(targetMetric([loss, accuracy], parseTargets("1.2")), loss);
  for (
    const [metric, targets, message] of [
      [loss, "12%", "loss is not a percentage"],
      [loss, "-1", "expected loss of at least 0"],
      [accuracy, "5", "did you mean 5%?"],
      [accuracy, "500%", "expected accuracy from 0 to 1, or 0% to 100%"],
    ] as const
  ) {
    assertThrows(() => targetMetric([metric], parseTargets(targets)), InputError, message);
  }
});
