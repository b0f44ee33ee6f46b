/**
 * The options of a training recipe as plain data: optimizer, learning-rate schedule, gradient
 * clipping, weight averaging. Each is a union told apart by `name`, so that a recipe can be written
 * in YAML or in code; `config/schema.ts` is checked by the compiler against these types.
 *
 * Names, formulas and default values are PyTorch's, in camelCase. Fields marked optional have the
 * default stated beside them and listed in {@link OPTIMIZER_DEFAULTS}, {@link SCHEDULE_DEFAULTS},
 * {@link WARMUP_DEFAULTS}, {@link CLIP_DEFAULTS}, {@link LOSS_SCALE_DEFAULTS} and
 * {@link EMA_DEFAULTS}.
 */

/** What every optimizer accepts. */
export interface WeightDecayOptions {
  /** Factor of the L2 penalty, default 0; of the decoupled decay for `adamw`, default 0.01. */
  weightDecay?: number;
  /** Whether batch-norm scales and shifts and all biases decay too. Default `true`, as in PyTorch. */
  decayNormAndBias?: boolean;
}

/** Stochastic gradient descent; `torch.optim.SGD`. */
export interface SgdOptions extends WeightDecayOptions {
  /** Tells optimizers apart. */
  name: "sgd";
  /** Step size; there is no default. */
  learningRate: number;
  /** Default 0. */
  momentum?: number;
  /** Default 0. */
  dampening?: number;
  /** Nesterov momentum; needs `momentum` above 0 and `dampening` 0. Default `false`. */
  nesterov?: boolean;
}

/** `torch.optim.Adam`: the weight decay is added to the gradient. */
export interface AdamOptions extends WeightDecayOptions {
  /** Tells optimizers apart. */
  name: "adam";
  /** Default 0.001. */
  learningRate?: number;
  /** Decay rates of the first and second moment. Default `[0.9, 0.999]`. */
  betas?: [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Use the largest second moment seen so far. Default `false`. */
  amsgrad?: boolean;
}

/** `torch.optim.AdamW`: the weight decay acts on the weights directly; it is 0.01 by default. */
export interface AdamWOptions extends Omit<AdamOptions, "name"> {
  /** Tells optimizers apart. */
  name: "adamw";
}

/** `torch.optim.RMSprop`. */
export interface RmsPropOptions extends WeightDecayOptions {
  /** Tells optimizers apart. */
  name: "rmsprop";
  /** Default 0.01. */
  learningRate?: number;
  /** Decay rate of the mean square. Default 0.99. */
  alpha?: number;
  /** Default 1e-8. */
  eps?: number;
  /** Default 0. */
  momentum?: number;
  /** Divide by the standard deviation instead of the root mean square. Default `false`. */
  centered?: boolean;
}

/** How parameters are updated from gradients. */
export type OptimizerOptions = SgdOptions | AdamOptions | AdamWOptions | RmsPropOptions;

const ADAM_DEFAULTS = {
  learningRate: 1e-3,
  betas: [0.9, 0.999] as [number, number],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  decayNormAndBias: true,
};

/** The value of every optional optimizer field, PyTorch's. */
export const OPTIMIZER_DEFAULTS = {
  sgd: { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, decayNormAndBias: true },
  adam: ADAM_DEFAULTS,
  adamw: { ...ADAM_DEFAULTS, weightDecay: 1e-2 },
  rmsprop: {
    learningRate: 1e-2,
    alpha: 0.99,
    eps: 1e-8,
    weightDecay: 0,
    momentum: 0,
    centered: false,
    decayNormAndBias: true,
  },
};

/** What a schedule counts: whole epochs passed, or optimizer steps. */
export type ScheduleUnit = "epoch" | "step";

/**
 * Linear warm-up: the rate climbs from `startFactor` times its value to its value over the first
 * `epochs` or `steps` (exactly one is given), and the schedule proper starts after it, as PyTorch's
 * `LinearLR` followed by the schedule in a `SequentialLR`.
 */
export interface WarmupOptions {
  /** Length in epochs; a fraction is allowed. */
  epochs?: number;
  /** Length in optimizer steps. */
  steps?: number;
  /** Default 0.01. From 0, step t of n has the factor (t + 1) / n, so that no step is lost. */
  startFactor?: number;
}

/** What every schedule accepts. */
export interface WithWarmup {
  /** Default: none. */
  warmup?: WarmupOptions;
}

/** The optimizer's learning rate throughout. */
export interface ConstantSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "constant";
}

/** Times `gamma` every `stepSize` units; `StepLR`. */
export interface StepSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "step";
  /** Units between changes. */
  stepSize: number;
  /** Default 0.1. */
  gamma?: number;
  /** Default `epoch`. */
  unit?: ScheduleUnit;
}

/** Times `gamma` at each milestone; `MultiStepLR`. */
export interface MultiStepSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "multistep";
  /** Rising counts of units. */
  milestones: number[];
  /** Default 0.1. */
  gamma?: number;
  /** Default `epoch`. */
  unit?: ScheduleUnit;
}

/** Times `gamma` every unit; `ExponentialLR`. */
export interface ExponentialSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "exponential";
  /** Factor a unit. */
  gamma: number;
  /** Default `epoch`. */
  unit?: ScheduleUnit;
}

/** `(1 - t/duration)^power` of the rate, then 0; `PolynomialLR`. */
export interface PolynomialSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "polynomial";
  /** Default 1: a straight line. */
  power?: number;
  /** Units until the end of the decay. Default: what is left of the training after warm-up. */
  duration?: number;
  /** Default `step`. */
  unit?: ScheduleUnit;
}

/** Half a cosine from the rate down to `minLearningRate`; `CosineAnnealingLR`. */
export interface CosineSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "cosine";
  /** Default 0. */
  minLearningRate?: number;
  /** Units until the lowest rate (`T_max`). Default: what is left of the training after warm-up. */
  duration?: number;
  /** Default `step`. */
  unit?: ScheduleUnit;
}

/** Cosines that start again; `CosineAnnealingWarmRestarts`. */
export interface CosineRestartsSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "cosine_restarts";
  /** Units of the first cosine (`T_0`). */
  period: number;
  /** Each cosine is this many times as long as the one before (`T_mult`). Default 1. */
  multiplier?: number;
  /** Default 0. */
  minLearningRate?: number;
  /** Default `epoch`. */
  unit?: ScheduleUnit;
}

/** Up to the highest rate and down again, counted in steps over the whole training; `OneCycleLR`. */
export interface OneCycleSchedule extends WithWarmup {
  /** Tells schedules apart. */
  name: "one_cycle";
  /** Default: the optimizer's learning rate. */
  maxLearningRate?: number;
  /** Share of the training spent rising. Default 0.3. */
  pctStart?: number;
  /** Default `cos`. */
  annealStrategy?: "cos" | "linear";
  /** The first rate is the highest over this. Default 25. */
  divFactor?: number;
  /** The last rate is the first over this. Default 10000. */
  finalDivFactor?: number;
  /** Mirror the rise first, then fall to the last rate. Default `false`. */
  threePhase?: boolean;
  /** Move the momentum (Adam's first beta) against the rate, where there is one. Default `true`. */
  cycleMomentum?: boolean;
  /** The momentum at the highest rate. Default 0.85. */
  baseMomentum?: number;
  /** The momentum at the first and last rate. Default 0.95. */
  maxMomentum?: number;
}

/** How the learning rate changes. */
export type ScheduleOptions =
  | ConstantSchedule
  | StepSchedule
  | MultiStepSchedule
  | ExponentialSchedule
  | PolynomialSchedule
  | CosineSchedule
  | CosineRestartsSchedule
  | OneCycleSchedule;

/** The value of every optional schedule field that has one of its own. */
export const SCHEDULE_DEFAULTS = {
  step: { gamma: 0.1, unit: "epoch" },
  multistep: { gamma: 0.1, unit: "epoch" },
  exponential: { unit: "epoch" },
  polynomial: { power: 1, unit: "step" },
  cosine: { minLearningRate: 0, unit: "step" },
  cosine_restarts: { multiplier: 1, minLearningRate: 0, unit: "epoch" },
  one_cycle: {
    pctStart: 0.3,
    annealStrategy: "cos",
    divFactor: 25,
    finalDivFactor: 1e4,
    threePhase: false,
    cycleMomentum: true,
    baseMomentum: 0.85,
    maxMomentum: 0.95,
  },
} as const;

/** The value of every optional warm-up field that has one of its own. */
export const WARMUP_DEFAULTS = { startFactor: 0.01 };

/** Clip by the norm of all gradients together; `torch.nn.utils.clip_grad_norm_`. */
export interface ClipNormOptions {
  /** The largest norm allowed. */
  norm: number;
  /** Which p-norm; `inf` is the largest magnitude. Default 2. */
  normType?: 1 | 2 | "inf";
}

/** Clip every gradient entry to `[-value, value]`; `torch.nn.utils.clip_grad_value_`. */
export interface ClipValueOptions {
  /** The largest magnitude allowed. */
  value: number;
}

/** How gradients are clipped before the update. */
export type ClipOptions = ClipNormOptions | ClipValueOptions;

/** The value of every optional clipping field. */
export const CLIP_DEFAULTS = { normType: 2 } as const;

/** Dynamic loss scaling; `torch.amp.GradScaler`. */
export interface LossScaleOptions {
  /** The loss is multiplied by it at first. Default 65536. */
  initialScale?: number;
  /** Factor of the scale after `growthInterval` steps in a row with finite gradients. Default 2. */
  growthFactor?: number;
  /** Factor of the scale after a step whose gradients are not finite. Default 0.5. */
  backoffFactor?: number;
  /** Default 2000. */
  growthInterval?: number;
}

/** The value of every optional field of loss scaling. Powers of 2 add no rounding. */
export const LOSS_SCALE_DEFAULTS = {
  initialScale: 65536,
  growthFactor: 2,
  backoffFactor: 0.5,
  growthInterval: 2000,
};

/**
 * An exponential moving average of the weights, which is what is validated and folded; warmed up as
 * TensorFlow's `ExponentialMovingAverage` with `num_updates`.
 */
export interface EmaOptions {
  /** `ema = decay * ema + (1 - decay) * weights` after each step. Default 0.999. */
  decay?: number;
  /** Use `min(decay, (1 + t) / (10 + t))` at step `t = 1, 2, …`. Default `true`. */
  warmup?: boolean;
}

/** The value of every optional averaging field. */
export const EMA_DEFAULTS = { decay: 0.999, warmup: true };

/** `options` over `defaults`; an option given as undefined takes its default too. */
export function withDefaults<D extends object, O extends object>(
  defaults: D,
  options: O,
): D & O {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as D & O;
}
