/** How parameters are trained: the options, and all that follows from them for one model. */
import { InputError } from "../errors.ts";
import type { Module } from "../layers/module.ts";
import { layoutState, PARAMETERS, type StateLayout, type StateRange } from "../layers/state.ts";
import { classification } from "./objectives/classification.ts";
import type { Objective } from "./objectives/objective.ts";
import { baseLearningRate, createOptimizer, type Optimizer } from "./optimizers.ts";
import {
  type ClipOptions,
  EMA_DEFAULTS,
  type EmaOptions,
  LOSS_SCALE_DEFAULTS,
  type LossScaleOptions,
  withDefaults,
} from "./options.ts";
import { type GroupOptions, type ParameterGroup, parameterGroups } from "./parameter_groups.ts";

/** How parameters are trained. */
export interface Recipe extends GroupOptions {
  /** Share of the target spread over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** Default: none. */
  readonly clip?: ClipOptions;
  /** Default: none. */
  readonly ema?: EmaOptions;
  /**
   * Dynamic loss scaling. Default: with its own defaults on a backend that stores feature maps in 16
   * bits, else none. A skipped step counts as a step of the schedule and of Adam's bias correction.
   */
  readonly lossScale?: LossScaleOptions;
}

/** A recipe applied to a model: what its programs are traced from and its state is laid out by. */
export interface ResolvedRecipe {
  readonly model: Module;
  /** How many classes the model tells apart. */
  readonly classes: number;
  readonly layout: StateLayout;
  /** Elements of the variable `parameters`. */
  readonly parameterSize: number;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  /** The optimizer's learning rate: the one that schedules start from. */
  readonly learningRate: number;
  /** The parameters that are trained, in stretches of equal weight decay and rate. */
  readonly groups: readonly ParameterGroup[];
  /** The tensors that are trained, in order of their offsets. */
  readonly trained: readonly StateRange[];
  readonly clip?: ClipOptions;
  readonly ema?: Required<EmaOptions>;
  readonly lossScale?: Required<LossScaleOptions>;
}

/**
 * Applies a recipe to a model.
 *
 * @throws InputError for a model without parameters, options that contradict each other, names that
 *   fit no parameter, and when every parameter is frozen
 */
export function resolveRecipe(
  model: Module,
  options: Recipe,
  { classes }: { readonly classes: number },
): ResolvedRecipe {
  const layout = layoutState(model);
  const parameterSize = layout.variables.find(({ name }) => name === PARAMETERS)?.size;
  if (parameterSize === undefined) {
    throw new InputError("the model has no parameters; there is nothing to train");
  }
  const { optimizer, labelSmoothing, clip, ema, lossScale } = options;
  return {
    model,
    classes,
    layout,
    parameterSize,
    objective: classification({ labelSmoothing }),
    optimizer: createOptimizer(optimizer),
    learningRate: baseLearningRate(optimizer),
    ...parameterGroups(layout, options),
    ...(clip ? { clip } : {}),
    ...(ema ? { ema: withDefaults(EMA_DEFAULTS, ema) } : {}),
    ...(lossScale ? { lossScale: withDefaults(LOSS_SCALE_DEFAULTS, lossScale) } : {}),
  };
}
