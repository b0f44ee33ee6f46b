import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { bareNames } from "../../../schema/entry.ts";
import { objectiveOf, OBJECTIVES } from "../../../training/objectives/registry.ts";

for (const name of bareNames(OBJECTIVES)) {
  Deno.test(`${name} knows its metrics and monitors one of them as it is meant`, () => {
    const objective = objectiveOf(name, 12);
    const { metric, mode } = objective.monitor;
    assertEquals(objective.name, name);
    assertEquals(objective.metrics[metric].mode, mode);
    assertEquals(Object.keys(objective.metrics)[0], "loss");
    const lists = Object.fromEntries(
      ["truePositives", "falsePositives", "falseNegatives"].map((sum) => [sum, [1, 1]]),
    );
    const sums = { loss: 1, correct: 1, top5Correct: 1, ...lists, count: 2 };
    const found = Object.keys(objective.summarize(sums, objective.tally?.().metrics()));
    assertEquals(found, [...Object.keys(objective.metrics), "count"]);
  });
}

Deno.test("an unknown objective and an option it does not have are refused at their place", () => {
  const unknown = { name: "multilabel" } as unknown as "multi_label";
  assertEquals(
    assertThrows(() => objectiveOf(unknown, 3), InputError, 'mean "multi_label"').at,
    ["name"],
  );
  const option = { name: "classification", labelSmoothing: 2 } as const;
  assertEquals(assertThrows(() => objectiveOf(option, 3), InputError).at, ["labelSmoothing"]);
});

Deno.test("an objective that was built is taken as it is", () => {
  const own = { ...objectiveOf("classification", 3), name: "own" };
  assert(objectiveOf(own, 7) === own);
});
