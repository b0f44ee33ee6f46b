import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { floatsOf } from "../../layers/module.ts";
import {
  type RangeOptions,
  readRange,
  testLearningRates,
} from "../../training/learning_rate_range.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/** A tiny training, without what these tests do not need. */
async function options(more: Partial<TrainOptions> = {}): Promise<TrainOptions> {
  const { validation: _, schedule: __, ...rest } = await tinyTraining({
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    ...more,
  });
  return rest;
}

async function rangeTest(training: TrainOptions, range: RangeOptions) {
  const recipe = resolveRecipe(training.model, training, { classes: 3 });
  const steps: number[] = [];
  const result = await testLearningRates(recipe, {
    ...training,
    range,
    onStep: (step) => steps.push(step),
  });
  assertEquals(steps, result.points.map((_, i) => i + 1));
  return result;
}

Deno.test("a range test takes the steps of a training with an exponentially rising rate", async () => {
  const [min, max, steps] = [1e-3, 0.1, 11];
  for (const accumulate of [1, 2]) {
    const { points, diverged } = await rangeTest(await options({ accumulate }), {
      min,
      max,
      steps,
    });
    const found: [number, number][] = [];
    const gamma = (max / min) ** (1 / (steps - 1));
    await train({
      ...await options({ accumulate }),
      epochs: 6,
      optimizer: { name: "sgd", learningRate: min, momentum: 0.9 },
      schedule: { name: "exponential", gamma, unit: "step" },
      observer: { step: ({ learningRate, loss }) => found.push([learningRate, loss]) },
    });
    assertEquals([points.length, diverged], [steps, false]);
    points.forEach(({ learningRate, loss }, i) => {
      assert(Math.abs(learningRate / found[i][0] - 1) < 1e-12);
      // The rates' last bits differ.
      assert(Math.abs(loss - found[i][1]) < 1e-5, `${i}: ${loss}, ${found[i][1]}`);
    });
  }
});

Deno.test("a range test repeats bit for bit and does not change the model", async () => {
  const range = { min: 1e-4, max: 1, steps: 12 };
  const training = await options();
  const numbers = () => [...training.model.stateDict().values()].map((t) => [...floatsOf(t)]);
  const before = numbers();
  const first = await rangeTest(training, range);
  assertEquals(numbers(), before);
  assertEquals(await rangeTest(training, range), first);
  assertEquals(await rangeTest(await options(), range), first);
});

Deno.test("a range test stops when the loss diverges", async () => {
  const { points, diverged } = await rangeTest(await options({ clip: undefined }), {
    min: 1e-3,
    max: 1e8,
    steps: 60,
  });
  assertEquals(diverged, true);
  assert(points.length < 60 && points.every(({ loss }) => Number.isFinite(loss)));
});

Deno.test("an invalid range is refused", async () => {
  const training = await options();
  const refused = (range: RangeOptions, message: string) =>
    assertRejects(() => rangeTest(training, range), InputError, message);
  await refused({ min: 1, max: 0.1, steps: 10 }, "the rates go from 1 to 0.1");
  await refused({ min: 0, max: 0.1, steps: 10 }, "expected 0 < min < max");
  await refused({ min: 1e-3, max: NaN, steps: 10 }, "expected 0 < min < max");
  await refused({ min: 1e-3, max: 1, steps: 9 }, "found 9 steps; expected 10 to 10000");
});

Deno.test("the suggestion is a tenth of the rate with the least loss, or missing with a reason", () => {
  const read = (losses: number[], diverged: boolean) =>
    readRange(
      losses.map((loss, i) => ({ learningRate: 10 ** (i - 6), loss, smoothed: loss })),
      diverged,
      0.25,
    );
  assertEquals(read([2.3, 2.2, 1.6, 1.1, 1, 3], true), {
    minimum: 1e-2,
    steepest: 1e-4,
    suggestion: 1e-3,
  });
  assertEquals(read([2.3, 2.2, 1.6, 1.1, 1, 1.5], false).suggestion, 1e-3);
  const falling = read([2.3, 2.2, 1.6, 1.1, 1], false);
  assertEquals([falling.minimum, falling.suggestion], [1e-2, undefined]);
  assert(falling.problem?.includes("still falls at the highest rate"));
  const rising = read([2.3, 2.4, 3, 12], true);
  assertEquals([rising.minimum, rising.steepest, rising.suggestion], [1e-6, 1e-6, undefined]);
  assert(rising.problem?.includes("hardly falls"));
  const early = readRange(
    [2.3, 1.6, 1, 3].map((loss, i) => ({ learningRate: 2 ** i, loss, smoothed: loss })),
    true,
    0.25,
  );
  assertEquals([early.minimum, early.suggestion], [4, undefined]);
  assert(early.problem?.includes("within the first tenfold"));
  const noisy = read([2.3, 2.5, 2.2, 2.4, 2.1, 2.4, 2.2, 9], true);
  assertEquals([noisy.minimum, noisy.suggestion], [1e-2, undefined]);
  assert(noisy.problem?.includes("hardly falls"));
});
