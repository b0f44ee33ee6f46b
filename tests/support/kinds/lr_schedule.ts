/** `lr_schedule`: learning-rate schedules, from the names and options of PyTorch's schedulers. */
import { z } from "zod";
import { objectiveOf } from "../../../training/objectives/registry.ts";
import { createSchedule, type ScheduleOptions } from "../../../training/schedules/registry.ts";
import type { Kind } from "./kind.ts";

const cosineAnnealing = { T_max: z.int(), eta_min: z.number().default(0) };
const linear = {
  start_factor: z.number().default(1 / 3),
  end_factor: z.literal(1).default(1),
  total_iters: z.int().default(5),
};
const base = { base_lr: z.number(), steps: z.int() };
const unit = "step";

/** A scheduler's config: its name, options and what they mean in Overfold's terms. */
function scheduler<N extends string, T extends z.ZodRawShape>(
  name: N,
  options: T,
  convert: (options: z.infer<z.ZodObject<T>>, baseRate: number) => ScheduleOptions,
) {
  return z.object({ ...base, scheduler: z.literal(name), options: z.object(options) })
    .transform((config) => ({
      steps: config.steps,
      baseRate: config.base_lr,
      schedule: convert(config.options, config.base_lr),
    }));
}

const schema = z.union([
  scheduler("StepLR", { step_size: z.int(), gamma: z.number().default(0.1) }, (options) => ({
    name: "step",
    stepSize: options.step_size,
    gamma: options.gamma,
    unit,
  })),
  scheduler(
    "MultiStepLR",
    { milestones: z.array(z.int()), gamma: z.number().default(0.1) },
    (options) => ({ name: "multistep", ...options, unit }),
  ),
  scheduler("ExponentialLR", { gamma: z.number() }, ({ gamma }) => ({
    name: "exponential",
    gamma,
    unit,
  })),
  scheduler(
    "PolynomialLR",
    { total_iters: z.int().default(5), power: z.number().default(1) },
    ({ total_iters, power }) => ({ name: "polynomial", duration: total_iters, power, unit }),
  ),
  scheduler("CosineAnnealingLR", cosineAnnealing, ({ T_max, eta_min }) => ({
    name: "cosine",
    duration: T_max,
    minLearningRate: eta_min,
    unit,
  })),
  scheduler(
    "CosineAnnealingWarmRestarts",
    { T_0: z.int(), T_mult: z.int().default(1), eta_min: z.number().default(0) },
    ({ T_0, T_mult, eta_min }) => ({
      name: "cosine_restarts",
      period: T_0,
      multiplier: T_mult,
      minLearningRate: eta_min,
      unit,
    }),
  ),
  scheduler("OneCycleLR", {
    max_lr: z.number(),
    total_steps: z.int(),
    pct_start: z.number().default(0.3),
    anneal_strategy: z.enum(["cos", "linear"]).default("cos"),
    div_factor: z.number().default(25),
    final_div_factor: z.number().default(1e4),
    base_momentum: z.number().default(0.85),
    max_momentum: z.number().default(0.95),
    three_phase: z.boolean().default(false),
  }, (options) => ({
    name: "one_cycle",
    maxLearningRate: options.max_lr,
    pctStart: options.pct_start,
    annealStrategy: options.anneal_strategy,
    divFactor: options.div_factor,
    finalDivFactor: options.final_div_factor,
    baseMomentum: options.base_momentum,
    maxMomentum: options.max_momentum,
    threePhase: options.three_phase,
  })),
  scheduler("LinearLR", linear, ({ start_factor, total_iters }) => ({
    name: "constant",
    warmup: { steps: total_iters, startFactor: start_factor },
  })),
  scheduler("SequentialLR", {
    ...linear,
    ...cosineAnnealing,
    warmup: z.literal("LinearLR"),
    then: z.literal("CosineAnnealingLR"),
  }, ({ start_factor, total_iters, T_max, eta_min }) => ({
    name: "cosine",
    duration: T_max,
    minLearningRate: eta_min,
    unit,
    warmup: { steps: total_iters, startFactor: start_factor },
  })),
  scheduler("LambdaLR", {
    warmup_steps: z.int(),
    total_steps: z.int(),
    floor: z.number().default(0),
  }, ({ warmup_steps, total_steps, floor }, baseRate) => ({
    name: "cosine",
    duration: total_steps - warmup_steps,
    minLearningRate: floor * baseRate,
    unit,
    warmup: { steps: warmup_steps, startFactor: 0 },
  })),
]);

export const lrSchedule: Kind = {
  tolerance: 1e-12,
  check(fixture) {
    const { steps, baseRate, schedule } = fixture.config(schema);
    const rates = createSchedule(schedule, {
      learningRate: baseRate,
      stepsPerEpoch: 1,
      totalSteps: steps,
      objective: objectiveOf("classification", 2),
    });
    const perStep = Array.from({ length: steps }, (_, step) => rates(step));
    fixture.compare("lr", perStep.map(({ learningRate }) => learningRate));
    if (fixture.has("momentum")) {
      fixture.compare("momentum", perStep.map(({ momentum }) => momentum ?? NaN));
    }
    return Promise.resolve();
  },
};
