import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../errors.ts";
import type { Sums } from "../../../checkpoints/run_state.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import { sizeOf } from "../../../graph/types.ts";
import type { Objective } from "../../../training/objectives/objective.ts";
import { bareNames } from "../../../schema/entry.ts";
import { objectiveOf, OBJECTIVES } from "../../../training/objectives/registry.ts";

/** Sums of ones with the names and sizes of those that an objective's programs output. */
function sumsOf(objective: Objective, classes: number): Sums {
  const { outputs } = trace({ name: "sums" }, () => {
    const logits = input("logits", [2, classes]);
    const targets = objective.targets.map(({ name, shape, dtype }) =>
      [name, input(name, [2, ...shape], dtype)] as const
    );
    const sums = objective.sums(logits, Object.fromEntries(targets), { training: false });
    for (const [name, sum] of Object.entries(sums)) output(name, sum);
  });
  return Object.fromEntries(
    Object.entries(outputs).map((
      [name, { shape }],
    ) => [name, shape.length === 0 ? 1 : Array(sizeOf(shape)).fill(1)]),
  );
}

for (const name of bareNames(OBJECTIVES)) {
  Deno.test(`${name} lists the metrics that it gives and monitors one of them`, () => {
    const objective = objectiveOf(name, 12);
    const { metric, mode } = objective.monitor;
    assertEquals(objective.name, name);
    assertEquals(objective.metrics[metric].mode, mode);
    assertEquals(Object.keys(objective.metrics)[0], "loss");
    const sums = { loss: 1, ...sumsOf(objective, 12), count: 2 };
    const found = Object.keys(objective.summarize(sums, objective.tally?.().metrics()));
    assertEquals(found, [...Object.keys(objective.metrics), "count"]);
  });
}

Deno.test("an unknown objective and an invalid option are refused with their place", () => {
  const unknown = { name: "multilabel" } as unknown as "multi_label";
  assertEquals(
    assertThrows(() => objectiveOf(unknown, 3), InputError, 'mean "multi_label"').at,
    ["name"],
  );
  const option = { name: "classification", labelSmoothing: 2 } as const;
  assertEquals(assertThrows(() => objectiveOf(option, 3), InputError).at, ["labelSmoothing"]);
});

Deno.test("a ready-made objective is used unchanged", () => {
  const own = { ...objectiveOf("classification", 3), name: "own" };
  assert(objectiveOf(own, 7) === own);
});
