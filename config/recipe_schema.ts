/** Schemas of the training recipe: optimizer, schedule, clipping, averaging. */

import { z } from "../schema/entry.ts";
import {
  type AdamOptions,
  type AdamWOptions,
  CLIP_DEFAULTS,
  type ClipNormOptions,
  type ClipValueOptions,
  type ConstantSchedule,
  type CosineRestartsSchedule,
  type CosineSchedule,
  EMA_DEFAULTS,
  type EmaOptions,
  type ExponentialSchedule,
  type MultiStepSchedule,
  type OneCycleSchedule,
  OPTIMIZER_DEFAULTS,
  type PolynomialSchedule,
  type RmsPropOptions,
  SCHEDULE_DEFAULTS,
  type SgdOptions,
  type StepSchedule,
  WARMUP_DEFAULTS,
  type WarmupOptions,
} from "../training/options.ts";
import type { Shape } from "./shape.ts";

const positive = z.number().positive();
const nonNegative = z.number().nonnegative();
const count = z.int().min(1);
const fraction = z.number().min(0).lt(1);

const learningRate = positive.describe("Learning rate; schedules scale it");
const decayNormAndBias = (value: boolean) =>
  z.boolean().default(value).describe(
    "Whether batch-norm scales and shifts and all biases decay too",
  );
const weightDecay = (value: number) =>
  nonNegative.default(value).describe(
    "Weight decay; for a DO-Conv's D it acts on the difference from the identity",
  );

const sgd = z.strictObject(
  {
    name: z.literal("sgd"),
    learningRate,
    momentum: nonNegative.default(OPTIMIZER_DEFAULTS.sgd.momentum).describe("Momentum factor"),
    dampening: z.number().default(OPTIMIZER_DEFAULTS.sgd.dampening).describe(
      "Dampening of the momentum",
    ),
    nesterov: z.boolean().default(OPTIMIZER_DEFAULTS.sgd.nesterov).describe(
      "Nesterov momentum; needs momentum above 0 and dampening 0",
    ),
    weightDecay: weightDecay(OPTIMIZER_DEFAULTS.sgd.weightDecay),
    decayNormAndBias: decayNormAndBias(OPTIMIZER_DEFAULTS.sgd.decayNormAndBias),
  } satisfies Shape<SgdOptions>,
).refine((o) => !o.nesterov || (o.momentum > 0 && o.dampening === 0), {
  path: ["nesterov"],
  error: "Nesterov momentum needs a momentum above 0 and no dampening",
}).describe("Stochastic gradient descent, as torch.optim.SGD");

const adamShape = (defaults: typeof OPTIMIZER_DEFAULTS.adam) => ({
  learningRate: learningRate.default(defaults.learningRate),
  betas: z.tuple([fraction, fraction]).default(defaults.betas).describe(
    "Decay rates of the first and second moment",
  ),
  eps: positive.default(defaults.eps).describe("Added to the denominator"),
  weightDecay: weightDecay(defaults.weightDecay),
  amsgrad: z.boolean().default(defaults.amsgrad).describe("Use the largest second moment so far"),
  decayNormAndBias: decayNormAndBias(defaults.decayNormAndBias),
});

const adam = z.strictObject(
  { name: z.literal("adam"), ...adamShape(OPTIMIZER_DEFAULTS.adam) } satisfies Shape<AdamOptions>,
).describe("Adam, as torch.optim.Adam");

const adamw = z.strictObject(
  {
    name: z.literal("adamw"),
    ...adamShape(OPTIMIZER_DEFAULTS.adamw),
  } satisfies Shape<AdamWOptions>,
).describe("Adam with decoupled weight decay, as torch.optim.AdamW");

const rmsprop = z.strictObject(
  {
    name: z.literal("rmsprop"),
    learningRate: learningRate.default(OPTIMIZER_DEFAULTS.rmsprop.learningRate),
    alpha: fraction.default(OPTIMIZER_DEFAULTS.rmsprop.alpha).describe(
      "Decay rate of the mean square",
    ),
    eps: positive.default(OPTIMIZER_DEFAULTS.rmsprop.eps).describe("Added to the denominator"),
    weightDecay: weightDecay(OPTIMIZER_DEFAULTS.rmsprop.weightDecay),
    momentum: nonNegative.default(OPTIMIZER_DEFAULTS.rmsprop.momentum).describe("Momentum factor"),
    centered: z.boolean().default(OPTIMIZER_DEFAULTS.rmsprop.centered).describe(
      "Divide by the standard deviation instead of the root mean square",
    ),
    decayNormAndBias: decayNormAndBias(OPTIMIZER_DEFAULTS.rmsprop.decayNormAndBias),
  } satisfies Shape<RmsPropOptions>,
).describe("RMSprop, as torch.optim.RMSprop");

/** `training.optimizer`. */
export const optimizerSchema = z.discriminatedUnion("name", [sgd, adam, adamw, rmsprop]);

const warmup = z.strictObject(
  {
    epochs: positive.optional().describe("Length in epochs; a fraction is allowed"),
    steps: count.optional().describe("Length in optimizer steps"),
    startFactor: z.number().min(0).max(1).default(WARMUP_DEFAULTS.startFactor).describe(
      "The first rate, as a share of the full one; from 0, step t of n has (t + 1) / n",
    ),
  } satisfies Shape<WarmupOptions>,
).refine((w) => (w.epochs === undefined) !== (w.steps === undefined), {
  error: "give exactly one of epochs and steps",
}).optional().describe("Linear warm-up before the schedule starts");

const unit = (value: "epoch" | "step") =>
  z.enum(["epoch", "step"]).default(value).describe("What the schedule counts");
const gamma = positive.describe("Factor of each decay");
const minLearningRate = (value: number) => nonNegative.default(value).describe("The lowest rate");
const duration = count.optional().describe(
  "Units until the end of the decay; by default what is left of the training after warm-up",
);

const constant = z.strictObject(
  { name: z.literal("constant"), warmup } satisfies Shape<ConstantSchedule>,
).describe("The optimizer's learning rate throughout");

const step = z.strictObject(
  {
    name: z.literal("step"),
    stepSize: count.describe("Units between decays"),
    gamma: gamma.default(SCHEDULE_DEFAULTS.step.gamma),
    unit: unit(SCHEDULE_DEFAULTS.step.unit),
    warmup,
  } satisfies Shape<StepSchedule>,
).describe("Decay by gamma every stepSize units, as StepLR");

const multistep = z.strictObject(
  {
    name: z.literal("multistep"),
    milestones: z.array(count).min(1).refine(
      (list) => list.every((value, index) => index === 0 || value > list[index - 1]),
      { error: "each milestone must be above the one before" },
    ).describe("Units at which to decay, rising"),
    gamma: gamma.default(SCHEDULE_DEFAULTS.multistep.gamma),
    unit: unit(SCHEDULE_DEFAULTS.multistep.unit),
    warmup,
  } satisfies Shape<MultiStepSchedule>,
).describe("Decay by gamma at each milestone, as MultiStepLR");

const exponential = z.strictObject(
  {
    name: z.literal("exponential"),
    gamma,
    unit: unit(SCHEDULE_DEFAULTS.exponential.unit),
    warmup,
  } satisfies Shape<ExponentialSchedule>,
).describe("Decay by gamma every unit, as ExponentialLR");

const polynomial = z.strictObject(
  {
    name: z.literal("polynomial"),
    power: positive.default(SCHEDULE_DEFAULTS.polynomial.power).describe("1 is a straight line"),
    duration,
    unit: unit(SCHEDULE_DEFAULTS.polynomial.unit),
    warmup,
  } satisfies Shape<PolynomialSchedule>,
).describe("Polynomial decay to 0, as PolynomialLR");

const cosine = z.strictObject(
  {
    name: z.literal("cosine"),
    minLearningRate: minLearningRate(SCHEDULE_DEFAULTS.cosine.minLearningRate),
    duration,
    unit: unit(SCHEDULE_DEFAULTS.cosine.unit),
    warmup,
  } satisfies Shape<CosineSchedule>,
).describe("Half a cosine down to minLearningRate, as CosineAnnealingLR");

const cosineRestarts = z.strictObject(
  {
    name: z.literal("cosine_restarts"),
    period: count.describe("Units of the first cosine"),
    multiplier: count.default(SCHEDULE_DEFAULTS.cosine_restarts.multiplier).describe(
      "Each cosine is this many times as long as the one before",
    ),
    minLearningRate: minLearningRate(SCHEDULE_DEFAULTS.cosine_restarts.minLearningRate),
    unit: unit(SCHEDULE_DEFAULTS.cosine_restarts.unit),
    warmup,
  } satisfies Shape<CosineRestartsSchedule>,
).describe("Cosines that start again, as CosineAnnealingWarmRestarts");

const oneCycle = z.strictObject(
  {
    name: z.literal("one_cycle"),
    maxLearningRate: positive.optional().describe(
      "The highest rate; by default the optimizer's learning rate",
    ),
    pctStart: z.number().positive().lt(1).default(SCHEDULE_DEFAULTS.one_cycle.pctStart).describe(
      "Share of the training spent rising",
    ),
    annealStrategy: z.enum(["cos", "linear"]).default(SCHEDULE_DEFAULTS.one_cycle.annealStrategy)
      .describe("Form of the rise and fall"),
    divFactor: positive.default(SCHEDULE_DEFAULTS.one_cycle.divFactor).describe(
      "The first rate is the highest over this",
    ),
    finalDivFactor: positive.default(SCHEDULE_DEFAULTS.one_cycle.finalDivFactor).describe(
      "The last rate is the first over this",
    ),
    threePhase: z.boolean().default(SCHEDULE_DEFAULTS.one_cycle.threePhase).describe(
      "Mirror the rise first, then fall to the last rate",
    ),
    cycleMomentum: z.boolean().default(SCHEDULE_DEFAULTS.one_cycle.cycleMomentum).describe(
      "Move the momentum (Adam's first beta) against the rate, where there is one",
    ),
    baseMomentum: fraction.default(SCHEDULE_DEFAULTS.one_cycle.baseMomentum).describe(
      "The momentum at the highest rate",
    ),
    maxMomentum: fraction.default(SCHEDULE_DEFAULTS.one_cycle.maxMomentum).describe(
      "The momentum at the first and last rate",
    ),
    warmup,
  } satisfies Shape<OneCycleSchedule>,
).describe("Up to the highest rate and down again over the whole training, as OneCycleLR");

/** `training.schedule`. */
export const scheduleSchema = z.discriminatedUnion("name", [
  constant,
  step,
  multistep,
  exponential,
  polynomial,
  cosine,
  cosineRestarts,
  oneCycle,
]);

/** `training.clip`. */
export const clipSchema = z.union([
  z.strictObject(
    {
      norm: positive.describe("Largest norm of all gradients together"),
      normType: z.literal([1, 2, "inf"]).default(CLIP_DEFAULTS.normType)
        .describe(
          "Which norm: the sum of magnitudes (1), Euclid's (2) or the largest magnitude (inf)",
        ),
    } satisfies Shape<ClipNormOptions>,
  ),
  z.strictObject(
    {
      value: positive.describe("Largest magnitude of a gradient entry"),
    } satisfies Shape<ClipValueOptions>,
  ),
]);

/** `training.ema`. */
export const emaSchema = z.strictObject(
  {
    decay: z.number().positive().lt(1).default(EMA_DEFAULTS.decay).describe(
      "Share of the average kept at each step",
    ),
    warmup: z.boolean().default(EMA_DEFAULTS.warmup).describe(
      "Use min(decay, (1 + t) / (10 + t)) at step t",
    ),
  } satisfies Shape<EmaOptions>,
);
