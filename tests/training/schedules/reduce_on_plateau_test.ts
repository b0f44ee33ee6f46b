import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Memory } from "../../../checkpoints/run_state.ts";
import { InputError } from "../../../errors.ts";
import { objectiveOf } from "../../../training/objectives/registry.ts";
import {
  createSchedule,
  type ScheduleOptions,
  SCHEDULES,
} from "../../../training/schedules/registry.ts";
import type { OptionsOf } from "../../../schema/entry.ts";
import { assertResumesExactly } from "../../support/resumes.ts";

type Options = OptionsOf<typeof SCHEDULES.reduce_on_plateau>;

const CONTEXT = {
  learningRate: 0.5,
  stepsPerEpoch: 1,
  totalSteps: 22,
  objective: objectiveOf("classification", 3),
};

/** The rate after each validation with these losses. */
function rates(options: Options, losses: readonly number[]): number[] {
  const schedule = createSchedule({ name: "reduce_on_plateau", ...options }, CONTEXT);
  let memory: Memory | undefined;
  return losses.map((loss, step) => {
    memory = schedule.follow?.({ loss, count: 1 }, step + 1, memory);
    // As a checkpoint stores it.
    memory = JSON.parse(JSON.stringify(memory));
    return schedule(step + 1, memory).learningRate;
  });
}

const series = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => value(i));
const times = (count: number, value: number) => series(count, () => value);

/** The cases of PyTorch's own test of `ReduceLROnPlateau` (test_reduce_lr_on_plateau1 to 8). */
const CASES: readonly [options: Options, losses: number[], expected: number[]][] = [
  [
    { thresholdMode: "abs", threshold: 0.01, patience: 5, cooldown: 5 },
    series(20, (i) => 10 - i * 0.0167),
    times(20, 0.5),
  ],
  [
    { thresholdMode: "abs", threshold: 0.1, patience: 5 },
    series(22, (i) => 10 - i * 0.0165),
    [...times(6, 0.5), ...times(7, 0.05), ...times(7, 0.005), ...times(2, 0.0005)],
  ],
  [
    { mode: "max", thresholdMode: "abs", patience: 5, cooldown: 5 },
    [...times(2, -0.8), ...times(20, -0.234)],
    [...times(8, 0.5), ...times(11, 0.05), ...times(3, 0.005)],
  ],
  [
    { mode: "max", threshold: 0.1, patience: 3 },
    series(20, (i) => 1.5 * 1.025 ** i),
    times(20, 0.5),
  ],
  [
    { mode: "max", threshold: 0.1, patience: 5, cooldown: 5 },
    series(20, (i) => 1.5 * 1.005 ** i),
    [...times(6, 0.5), ...times(11, 0.05), ...times(3, 0.005)],
  ],
  [{ threshold: 0.1 }, series(20, (i) => 1.5 * 0.85 ** i), times(20, 0.5)],
  [
    { threshold: 0.1, patience: 5, cooldown: 5 },
    [...times(7, 1), 0.6, ...times(12, 0.5)],
    [...times(6, 0.5), ...times(11, 0.05), ...times(3, 0.005)],
  ],
  [
    { mode: "max", threshold: 0.1, patience: 5, cooldown: 5, minLearningRate: 0.4 },
    series(20, (i) => 1.5 * 1.005 ** i),
    [...times(6, 0.5), ...times(14, 0.4)],
  ],
];

for (const [i, [options, losses, expected]] of CASES.entries()) {
  Deno.test(`reduce_on_plateau gives the rates of PyTorch's test ${i + 1}`, () => {
    const found = rates(options, losses);
    assertEquals(found.length, expected.length);
    found.forEach((rate, epoch) => assertAlmostEquals(rate, expected[epoch], 1e-12));
  });
}

Deno.test("a NaN loss counts as bad, and a reduction below eps is skipped", () => {
  assertEquals(rates({ patience: 0 }, [NaN, 1, NaN]), [0.05, 0.05, 0.05 * 0.1]);
  assertEquals(rates({ patience: 0, factor: 0.5, eps: 0.2 }, [1, 1, 1]), [0.5, 0.25, 0.25]);
});

Deno.test("validations during warm-up are ignored", () => {
  const options: ScheduleOptions = {
    name: "reduce_on_plateau",
    patience: 0,
    warmup: { steps: 4, startFactor: 0.5 },
  };
  const schedule = createSchedule(options, CONTEXT);
  assertEquals(schedule.follow?.({ loss: 1, count: 1 }, 3), undefined);
  assertEquals(schedule.follow?.({ loss: 1, count: 1 }, 4)?.best, 1);
  assertEquals(schedule(0, { learningRate: 0.1 }).learningRate, 0.25);
  assertEquals(schedule(4, { learningRate: 0.1 }).learningRate, 0.1);
});

Deno.test("a metric that the objective lacks is refused", () => {
  const options: ScheduleOptions = { name: "reduce_on_plateau", metric: "acuracy" };
  const error = assertThrows(() => createSchedule(options, CONTEXT), InputError, '"accuracy"');
  assertEquals(error.at, ["metric"]);
});

Deno.test("training with reduce_on_plateau resumes exactly", async () => {
  const positions = await assertResumesExactly({
    epochs: 4,
    optimizer: { name: "sgd", learningRate: 0.1 },
    schedule: { name: "reduce_on_plateau", patience: 0, threshold: 0.5 },
  });
  const { state } = positions[positions.length - 1];
  assertEquals(Number(state.schedule?.learningRate) < 0.01, true);
});
