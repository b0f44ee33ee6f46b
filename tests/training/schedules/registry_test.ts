import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { objectiveOf } from "../../../training/objectives/registry.ts";
import {
  createSchedule,
  type ScheduleOptions,
  scheduleWarnings,
} from "../../../training/schedules/registry.ts";

const objective = objectiveOf("classification", 3);

/** The rates of a training of 4 epochs of 5 steps with base rate 1. */
function rates(options: ScheduleOptions): number[] {
  const schedule = createSchedule(options, {
    learningRate: 1,
    stepsPerEpoch: 5,
    totalSteps: 20,
    objective,
  });
  return Array.from({ length: 20 }, (_, step) => schedule(step).learningRate);
}

Deno.test("a schedule that counts epochs keeps its rate within an epoch", () => {
  const found = rates({ name: "multistep", milestones: [1, 3], gamma: 0.5 });
  assertEquals(found, [1, 0.5, 0.5, 0.25].flatMap((rate) => Array(5).fill(rate)));
  assertEquals(rates({ name: "step", stepSize: 2, gamma: 0.5 })[10], 0.5);
  assertEquals(rates({ name: "exponential", gamma: 0.5 })[19], 0.125);
});

Deno.test("cosine and polynomial end with the training by default", () => {
  const cosine = rates({ name: "cosine" });
  assertEquals(cosine[0], 1);
  assertAlmostEquals(cosine[10], 0.5);
  assertAlmostEquals(cosine[19], (1 + Math.cos(Math.PI * 19 / 20)) / 2);
  assertEquals(rates({ name: "polynomial" })[5], 0.75);
  assertEquals(rates({ name: "polynomial", duration: 2, unit: "epoch" })[10], 0);
});

Deno.test("cosine restarts get longer each time", () => {
  const found = rates({ name: "cosine_restarts", period: 4, multiplier: 2, unit: "step" });
  assertEquals(found.map((rate, step) => rate === 1 ? step : -1).filter((step) => step >= 0), [
    0,
    4,
    12,
  ]);
});

Deno.test("linear warm-up climbs to the schedule, which starts after it", () => {
  const plain = rates({ name: "cosine", duration: 10 });
  const warmed = rates({ name: "cosine", duration: 10, warmup: { steps: 4, startFactor: 0.2 } });
  [0.2, 0.4, 0.6, 0.8].forEach((rate, step) => assertAlmostEquals(warmed[step], rate));
  assertEquals(warmed.slice(4), plain.slice(0, 16));
});

Deno.test("warm-up from 0 wastes no step and may last a fraction of an epoch", () => {
  const warmed = rates({ name: "constant", warmup: { epochs: 0.8, startFactor: 0 } });
  assertEquals(warmed.slice(0, 6), [0.25, 0.5, 0.75, 1, 1, 1]);
});

Deno.test("one cycle moves the momentum against the rate, unless turned off", () => {
  const context = { learningRate: 1, stepsPerEpoch: 5, totalSteps: 20, objective };
  const cycled = createSchedule({ name: "one_cycle" }, context);
  assertAlmostEquals(cycled(0).learningRate, 1 / 25);
  assertEquals(cycled(0).momentum, 0.95);
  assertAlmostEquals(cycled(5).learningRate, 1);
  assertAlmostEquals(cycled(5).momentum ?? 0, 0.85);
  assertAlmostEquals(cycled(19).learningRate, 1 / 25 / 1e4);
  assertEquals(cycled(25), cycled(19));
  const kept = createSchedule({ name: "one_cycle", cycleMomentum: false }, context);
  assertEquals(kept(0).momentum, undefined);
});

Deno.test("a warm-up with both epochs and steps, or with neither, is refused", () => {
  for (const warmup of [{}, { epochs: 1, steps: 1 }]) {
    const wrong = () => rates({ name: "constant", warmup });
    assertEquals(assertThrows(wrong, InputError, "exactly one of").at, ["warmup"]);
  }
});

Deno.test("a schedule that does not suit the training gives a warning with the numbers", () => {
  const context = { learningRate: 1, stepsPerEpoch: 5, totalSteps: 20, objective };
  const badly: [ScheduleOptions, string][] = [
    [{ name: "cosine", duration: 4 }, "4 of 20 steps, after which the rate rises again"],
    [{ name: "cosine", duration: 3, unit: "epoch" }, "3 of 4 epochs"],
    [{ name: "polynomial", duration: 4 }, "4 of 20 steps, after which the rate is 0"],
    [{ name: "step", stepSize: 4 }, "stepSize 4 is never reached in 4 epochs"],
    [{ name: "step", stepSize: 20, unit: "step" }, "unit: epoch it counts epochs of 5 steps"],
    [{ name: "multistep", milestones: [2, 8] }, "last milestone 8 is never reached in 4 epochs"],
    [{ name: "constant", warmup: { epochs: 8 } }, "takes 40 steps and the training has 20"],
    [{ name: "one_cycle", warmup: { steps: 20 } }, "takes 20 steps and the training has 20"],
  ];
  for (const [options, text] of badly) {
    const [warning] = scheduleWarnings(options, context);
    assertEquals(warning.includes(text), true, warning);
  }
  const well: ScheduleOptions[] = [
    "constant",
    { name: "step", stepSize: 3 },
    { name: "multistep", milestones: [2, 19], unit: "step" },
    { name: "cosine", duration: 20 },
    { name: "cosine", duration: 4, unit: "epoch" },
    { name: "cosine", duration: 15, warmup: { epochs: 1 } },
    { name: "polynomial", warmup: { steps: 19 } },
  ];
  for (const options of well) assertEquals(scheduleWarnings(options, context), []);
});
