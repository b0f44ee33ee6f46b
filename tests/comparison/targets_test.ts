import { assertEquals, assertThrows } from "@std/assert";
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

Deno.test("targets are numbers, or percent", () => {
  assertEquals(parseTargets("0.9, 95%,80 %"), [0.9, 0.95, 0.8]);
  for (const wrong of ["", "0.9,", "x", "90%%"]) {
    assertThrows(() => parseTargets(wrong), InputError, "--targets: found");
  }
});

Deno.test("usual targets are ones that every run reaches", () => {
  const share = { unit: "share", mode: "max" } as const;
  const logs = [logOf("accuracy", [0.3, 0.93, 0.9]), logOf("accuracy", [0.85, 0.2])];
  assertEquals(usualTargets(logs, "accuracy", share), [0.75, 0.8, 0.85]);
  assertEquals(usualTargets([logOf("accuracy", [0.07])], "accuracy", share), [0.05]);
  const number = { unit: "number", mode: "min" } as const;
  assertEquals(usualTargets([logOf("loss", [0.5, 0.4321])], "loss", number), [0.44]);
  assertEquals(usualTargets([logOf("loss", [])], "loss", number), []);
});
