/**
 * Optimizers: which slots each keeps, the numbers it needs anew for every step, and how its update
 * is traced. The arithmetic is PyTorch's and lives in the update ops.
 */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { adamUpdate } from "../ops/adam_update.ts";
import { rmspropUpdate } from "../ops/rmsprop_update.ts";
import { sgdUpdate } from "../ops/sgd_update.ts";
import {
  type AdamOptions,
  type AdamWOptions,
  OPTIMIZER_DEFAULTS,
  type OptimizerOptions,
  type RmsPropOptions,
  type SgdOptions,
  withDefaults,
} from "./options.ts";
import type { Rates } from "./schedules.ts";

/** What an update is traced from: tensors of one shape, and scalars. */
export interface UpdateOperands {
  readonly parameter: Value;
  readonly gradient: Value;
  /** By the names of {@link Optimizer.slots}. */
  readonly slots: Readonly<Record<string, Value>>;
  /** By the names of {@link Optimizer.scalars}. */
  readonly scalars: Readonly<Record<string, Value>>;
  readonly weightDecay: number;
}

/** New values of a parameter and its slots. */
export interface UpdateResult {
  readonly parameter: Value;
  readonly slots: Readonly<Record<string, Value | undefined>>;
}

/** How parameters are updated. */
export interface Optimizer {
  /** PyTorch's names of the tensors kept for each parameter; all are zeros before the first step. */
  readonly slots: readonly string[];
  /** Names of the numbers that differ from step to step: scalar inputs of the program. */
  readonly scalars: readonly string[];
  /**
   * The numbers of one step, by the names of {@link Optimizer.scalars}.
   *
   * @param step steps taken before this one
   */
  scalarsAt(step: number, rates: Rates): Record<string, number>;
  /** Traces one step of a parameter. */
  update(operands: UpdateOperands): UpdateResult;
}

/** The optimizer of these options. Throws InputError for options that contradict each other. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.name) {
    case "sgd":
      return sgd(options);
    case "adam":
    case "adamw":
      return adam(options);
    case "rmsprop":
      return rmsprop(options);
  }
}

/** The learning rate of these options: the one schedules start from. */
export function baseLearningRate(options: OptimizerOptions): number {
  return options.name === "sgd"
    ? options.learningRate
    : options.learningRate ?? OPTIMIZER_DEFAULTS[options.name].learningRate;
}

function sgd(options: SgdOptions): Optimizer {
  const { momentum, dampening, nesterov } = withDefaults(OPTIMIZER_DEFAULTS.sgd, options);
  if (nesterov && (momentum <= 0 || dampening !== 0)) {
    throw new InputError(
      `Nesterov momentum needs momentum above 0 and dampening 0; found ${momentum} and ${dampening}`,
    );
  }
  if (momentum === 0) {
    return {
      slots: [],
      scalars: ["learningRate"],
      scalarsAt: (_step, { learningRate }) => ({ learningRate }),
      update: ({ parameter, gradient, scalars: { learningRate }, weightDecay }) => ({
        parameter: sgdUpdate(parameter, gradient, { learningRate, weightDecay }).parameter,
        slots: {},
      }),
    };
  }
  return {
    slots: ["momentum_buffer"],
    scalars: ["learningRate", "momentum", "dampening"],
    scalarsAt: (step, rates) => ({
      learningRate: rates.learningRate,
      momentum: rates.momentum ?? momentum,
      // The buffer begins as the first gradient.
      dampening: step === 0 ? 0 : dampening,
    }),
    update({ parameter, gradient, slots, scalars, weightDecay }) {
      const updated = sgdUpdate(parameter, gradient, {
        learningRate: scalars.learningRate,
        momentum: scalars.momentum,
        dampening: scalars.dampening,
        momentumBuffer: slots.momentum_buffer,
        nesterov,
        weightDecay,
      });
      return {
        parameter: updated.parameter,
        slots: { momentum_buffer: updated.momentumBuffer },
      };
    },
  };
}

function adam(options: AdamOptions | AdamWOptions): Optimizer {
  const { betas, eps, amsgrad } = withDefaults(OPTIMIZER_DEFAULTS[options.name], options);
  return {
    slots: amsgrad ? ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] : ["exp_avg", "exp_avg_sq"],
    scalars: ["learningRate", "beta1", "biasCorrection1", "biasCorrection2"],
    scalarsAt(step, { learningRate, momentum: beta1 = betas[0] }) {
      return {
        learningRate,
        beta1,
        biasCorrection1: 1 - beta1 ** (step + 1),
        biasCorrection2: 1 - betas[1] ** (step + 1),
      };
    },
    update({ parameter, gradient, slots, scalars, weightDecay }) {
      const updated = adamUpdate(parameter, gradient, {
        learningRate: scalars.learningRate,
        biasCorrection1: scalars.biasCorrection1,
        biasCorrection2: scalars.biasCorrection2,
        expAvg: slots.exp_avg,
        expAvgSq: slots.exp_avg_sq,
        ...(amsgrad ? { maxExpAvgSq: slots.max_exp_avg_sq } : {}),
        betas: [scalars.beta1, betas[1]],
        eps,
        weightDecay,
        decoupledWeightDecay: options.name === "adamw",
      });
      return {
        parameter: updated.parameter,
        slots: {
          exp_avg: updated.expAvg,
          exp_avg_sq: updated.expAvgSq,
          max_exp_avg_sq: updated.maxExpAvgSq,
        },
      };
    },
  };
}

function rmsprop(options: RmsPropOptions): Optimizer {
  const { alpha, eps, momentum, centered } = withDefaults(OPTIMIZER_DEFAULTS.rmsprop, options);
  const buffered = momentum > 0;
  return {
    slots: [
      "square_avg",
      ...(centered ? ["grad_avg"] : []),
      ...(buffered ? ["momentum_buffer"] : []),
    ],
    scalars: ["learningRate", ...(buffered ? ["momentum"] : [])],
    scalarsAt: (_step, rates) => ({
      learningRate: rates.learningRate,
      ...(buffered ? { momentum: rates.momentum ?? momentum } : {}),
    }),
    update({ parameter, gradient, slots, scalars, weightDecay }) {
      const updated = rmspropUpdate(parameter, gradient, {
        learningRate: scalars.learningRate,
        squareAvg: slots.square_avg,
        ...(centered ? { gradAvg: slots.grad_avg } : {}),
        ...(buffered ? { momentumBuffer: slots.momentum_buffer, momentum: scalars.momentum } : {}),
        alpha,
        eps,
        weightDecay,
      });
      return {
        parameter: updated.parameter,
        slots: {
          square_avg: updated.squareAvg,
          grad_avg: updated.gradAvg,
          momentum_buffer: updated.momentumBuffer,
        },
      };
    },
  };
}
