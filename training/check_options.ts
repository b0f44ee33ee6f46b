/** A training's options that make no sense: what types cannot tell, or are not there to tell. */
import { InputError } from "../errors.ts";
import { OPTIMIZER_DEFAULTS, SCHEDULE_DEFAULTS, type ScheduleOptions } from "./options.ts";
import { baseLearningRate } from "./optimizers.ts";
import type { LoopOptions } from "./loop.ts";
import type { Recipe } from "./recipe.ts";

/** Throws InputError, naming the option, for one that is out of its range. */
export function checkOptions(
  options: Recipe & LoopOptions & {
    readonly seed?: number;
    readonly schedule?: ScheduleOptions;
  },
): void {
  const { clip, ema, optimizer, schedule } = options;
  checkName("optimizer", optimizer.name, Object.keys(OPTIMIZER_DEFAULTS));
  checkName("schedule", schedule?.name ?? "constant", [
    "constant",
    ...Object.keys(SCHEDULE_DEFAULTS),
  ]);
  for (const name of ["epochs", "validateEvery", "logEvery", "saveEverySteps"] as const) {
    check(name, options[name], "a whole number from 1 on", (n) => Number.isInteger(n) && n >= 1);
  }
  const isSeed = (n: number) => Number.isInteger(n) && n >= 0 && n < 2 ** 32;
  check("seed", options.seed, "a whole number from 0 to 4294967295", isSeed);
  const isPositive = (n: number) => Number.isFinite(n) && n > 0;
  check("saveEveryMinutes", options.saveEveryMinutes, "a number above 0", isPositive);
  const isRate = (n: number) => Number.isFinite(n) && n >= 0;
  check("optimizer.learningRate", baseLearningRate(optimizer) ?? NaN, "a number from 0 on", isRate);
  check("labelSmoothing", options.labelSmoothing, "a number in [0, 1]", (n) => n >= 0 && n <= 1);
  check("ema.decay", ema?.decay, "a number in (0, 1)", (n) => n > 0 && n < 1);
  if (!clip) return;
  const [name, limit] = "value" in clip ? ["clip.value", clip.value] : ["clip.norm", clip.norm];
  check(name, limit ?? NaN, "a number above 0", isPositive);
}

function checkName(option: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new InputError(`${option}.name is ${name}; expected ${names.join(", ")}`);
}

function check(
  name: string,
  value: number | undefined,
  expected: string,
  isFit: (value: number) => boolean,
): void {
  if (value === undefined || isFit(value)) return;
  throw new InputError(`${name} is ${value}; expected ${expected}`);
}
