/**
 * The programs of a training: one for the whole step (augment, normalise, forward, loss, backward,
 * clip, update, average) and one for validation, over the same variables.
 */
import { InputError } from "../errors.ts";
import { input, output, toValue, trace } from "../graph/trace.ts";
import type { Program, Shape, Value, Variable } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { PARAMETERS, type StateLayout } from "../layers/state.ts";
import type { ImageFormat } from "../models/inference.ts";
import { augment } from "../ops/augment.ts";
import { countCorrect } from "../ops/count_correct.ts";
import { gradients } from "../ops/gradients.ts";
import { multiply } from "../ops/multiply.ts";
import { pack } from "../ops/pack.ts";
import { softmaxCrossEntropy } from "../ops/softmax_cross_entropy.ts";
import { createOptimizer } from "./optimizers.ts";
import { LOSS_SCALE_VARIABLE, readLossScale, updateUnscaled } from "./loss_scale.ts";
import {
  type ClipOptions,
  EMA_DEFAULTS,
  type EmaOptions,
  type LossScaleOptions,
  withDefaults,
} from "./options.ts";
import { type GroupOptions, parameterRates } from "./parameter_groups.ts";
import type { Rates } from "./schedules.ts";
import { averageOf, slotVariable, traceUpdate } from "./update.ts";

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

/** What a training step is fed. */
export type Feed =
  /**
   * Inputs `pixels` u8 [N, H, W, C], `labels` i32 [N] and `transforms` i32 [N, 3] (offsetY, offsetX,
   * flip), which crop the zero-padded picture and mirror it; see `ops/augment.ts`.
   */
  | { readonly kind: "pixels"; readonly images: ImageFormat; readonly padding: number }
  /** Inputs `x` f32 [N, …shape] and `labels` i32 [N] or, for soft targets, `targets` f32 [N, classes]. */
  | { readonly kind: "tensors"; readonly shape: Shape; readonly softTargets?: boolean };

/** Names of the programs of a training. */
export const PROGRAM = { train: "train", evaluate: "evaluate", loss: "loss" } as const;

/** All variables of a training: the model's, the optimizer's slots, the averages. */
export function trainingVariables(layout: StateLayout, recipe: Recipe): Variable[] {
  const size = parameterSize(layout);
  return [
    ...layout.variables,
    ...createOptimizer(recipe.optimizer).slots.map((slot) => ({ name: slotVariable(slot), size })),
    ...(recipe.ema
      ? layout.variables.map(({ name, size }) => ({ name: averageOf(name), size }))
      : []),
    ...(recipe.lossScale ? [LOSS_SCALE_VARIABLE] : []),
  ];
}

/**
 * Traces a training step. Besides its feed it takes the scalars of {@link stepScalars}; its outputs
 * are `loss` (mean over the labelled images), `correct` (images classified rightly; absent for soft
 * targets), with loss scaling `lossScale` (the step's) and, with `keepGradient`, also `logits` and
 * `gradient`, laid out like the parameters, before clipping. Gradients of frozen parameters are
 * zero. Throws InputError for a model without parameters.
 */
export function trainingProgram(
  model: Module,
  layout: StateLayout,
  recipe: Recipe,
  feed: Feed,
  batchSize: number,
  { name = PROGRAM.train as string, keepGradient = false } = {},
): Program {
  const options = {
    name,
    training: true,
    variables: trainingVariables(layout, recipe),
    bind: layout.bind,
  };
  return trace(options, () => {
    const { loss, logits, labels } = traceLoss(model, recipe, feed, batchSize);
    const { lossScale } = recipe;
    const scaledLoss = lossScale ? multiply(loss, readLossScale()) : loss;
    const rateOf = parameterRates(layout, recipe);
    const trained = layout.ranges.filter(({ variable, name }) =>
      variable === PARAMETERS && rateOf(name) > 0
    );
    const gradient = pack(
      gradients(scaledLoss, trained.map(({ parameter }) => toValue(parameter))),
      trained.map(({ offset }) => offset),
      parameterSize(layout),
    );
    const update = (gradient: Value) => {
      traceUpdate(layout, recipe, gradient);
      if (keepGradient) output("gradient", gradient);
    };
    if (lossScale) updateUnscaled(gradient, lossScale, update);
    else update(gradient);
    output("loss", loss);
    if (lossScale) output("lossScale", readLossScale());
    if (labels) output("correct", countCorrect(logits, labels));
    if (keepGradient) output("logits", logits);
  });
}

/** Traces the loss of a training step and nothing else. */
export function lossProgram(
  model: Module,
  layout: StateLayout,
  recipe: Recipe,
  feed: Feed,
  batchSize: number,
): Program {
  const { variables, bind } = layout;
  return trace({ name: PROGRAM.loss, training: true, variables, bind }, () => {
    output("loss", traceLoss(model, recipe, feed, batchSize).loss);
  });
}

function traceLoss(
  model: Module,
  { labelSmoothing = 0 }: Recipe,
  feed: Feed,
  batchSize: number,
): { loss: Value; logits: Value; labels?: Value } {
  const { x, target, labels } = traceFeed(feed, batchSize);
  const logits = model.call(x);
  const targets = target ?? input("targets", logits.shape);
  return { loss: softmaxCrossEntropy(logits, targets, { labelSmoothing }), logits, labels };
}

/**
 * Traces the evaluation of a batch in inference mode: inputs `pixels` (or `x`) and `labels`, where a
 * negative label is left out; outputs `loss`, the sum over images, and `correct`, a count.
 *
 * @param averaged whether to read the averaged weights instead of the trained ones
 */
export function evaluationProgram(
  model: Module,
  layout: StateLayout,
  feed: Feed,
  batchSize: number,
  averaged: boolean,
): Program {
  const variables = layout.variables.map(({ name, size }) => ({
    name: averaged ? averageOf(name) : name,
    size,
  }));
  const bind: StateLayout["bind"] = (parameter) => {
    const binding = layout.bind(parameter);
    return averaged && "variable" in binding
      ? { ...binding, variable: averageOf(binding.variable) }
      : binding;
  };
  return trace({ name: PROGRAM.evaluate, variables, bind }, () => {
    const x = feed.kind === "tensors"
      ? input("x", [batchSize, ...feed.shape])
      : augment(tracePixels(feed.images, batchSize), undefined, feed.images.normalization);
    const labels = input("labels", [batchSize], "i32");
    const logits = model.call(x);
    output("loss", softmaxCrossEntropy(logits, labels, { reduction: "sum" }));
    output("correct", countCorrect(logits, labels));
  });
}

/**
 * The scalar inputs of a training step: the optimizer's, and what layers and averaging ask for.
 *
 * @param step optimizer steps taken before this one
 */
export function stepScalars(recipe: Recipe, step: number, rates: Rates): Record<string, number> {
  return {
    ...createOptimizer(recipe.optimizer).scalars(step, rates),
    ...(recipe.ema ? { averageDecay: averageDecay(recipe.ema, step) } : {}),
  };
}

/** Share of the old average kept at the update of step `step` (from 0). */
function averageDecay(options: EmaOptions, step: number): number {
  const { decay, warmup } = withDefaults(EMA_DEFAULTS, options);
  const t = step + 1;
  return warmup ? Math.min(decay, (1 + t) / (10 + t)) : decay;
}

function traceFeed(
  feed: Feed,
  batchSize: number,
): { x: Value; target?: Value; labels?: Value } {
  const trainLabels = () => input("labels", [batchSize], "i32");
  if (feed.kind === "tensors") {
    const x = input("x", [batchSize, ...feed.shape]);
    if (feed.softTargets) return { x };
    const labels = trainLabels();
    return { x, target: labels, labels };
  }
  const { images, padding } = feed;
  const pixels = tracePixels(images, batchSize);
  const transforms = input("transforms", [batchSize, 3], "i32");
  const labels = trainLabels();
  const x = augment(pixels, transforms, { ...images.normalization, padding });
  return { x, target: labels, labels };
}

function tracePixels(
  { input: { height, width, channels } }: ImageFormat,
  batchSize: number,
): Value {
  return input("pixels", [batchSize, height, width, channels], "u8");
}

function parameterSize({ variables }: Pick<StateLayout, "variables">): number {
  const size = variables.find(({ name }) => name === PARAMETERS)?.size;
  if (size === undefined) {
    throw new InputError("the model has no parameters; there is nothing to train");
  }
  return size;
}
