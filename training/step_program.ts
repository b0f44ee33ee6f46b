/**
 * The programs of a training, all over the same variables. {@link stepProgram} takes a whole step:
 * input, forward, loss, backward, clip, update, average. {@link contributionProgram} and
 * {@link updateProgram} are the same step in two parts, with the variable `contribution` between
 * them, in which the contributions of several shards are added first (`sharding.ts`);
 * `accumulation.ts` has steps of several consecutive batches.
 */
import {
  input,
  mapUpdates,
  output,
  readVariable,
  toValue,
  trace,
  updateVariable,
} from "../graph/trace.ts";
import type { Program, Shape, Value, Variable } from "../graph/types.ts";
import { BUFFERS, type StateLayout } from "../layers/state.ts";
import { add } from "../ops/add.ts";
import { divideScalar } from "../ops/divide_scalar.ts";
import { fill } from "../ops/fill.ts";
import { gradients } from "../ops/gradients.ts";
import { multiply } from "../ops/multiply.ts";
import { multiplyScalar } from "../ops/multiply_scalar.ts";
import { pack } from "../ops/pack.ts";
import { subtract } from "../ops/subtract.ts";
import { averageDecay, averageOf, DECAY_SCALAR } from "./ema.ts";
import type { TraceInput } from "./image_input.ts";
import { readLossScale } from "./loss_scale.ts";
import type { BatchField, Objective } from "./objectives/objective.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { Rates } from "./schedules/schedule.ts";
import { RELEASED, traceUpdate } from "./update.ts";
import { CONTRIBUTION, contributionVariable, stateSize, trainingVariables } from "./variables.ts";

/** Names of the programs of a training. */
export const PROGRAM = {
  step: "train",
  accumulate: "accumulate",
  contribution: "contribution",
  update: "update",
  evaluate: "evaluate",
  loss: "loss",
} as const;

/** Options of the programs that train on a batch. */
export interface TrainingProgramOptions {
  readonly recipe: ResolvedRecipe;
  /** The model's input; every batch must contain the arrays it needs. */
  readonly traceInput: TraceInput;
  /** Images in the batch. */
  readonly batchSize: number;
  /** Whether the images of a training batch are mixed with each other. Default false. */
  readonly mixes?: boolean;
  /** Whether each step stores its norms for reading. Default false. */
  readonly withNorms?: boolean;
}

/**
 * Traces a training step. Inputs: those of `traceInput`, the objective's targets and the scalars of
 * {@link stepScalars}. Outputs: `loss` (mean over the images), the objective's sums and, with loss
 * scaling, `lossScale` (the step's).
 */
export function stepProgram(
  options: TrainingProgramOptions,
  name: string = PROGRAM.step,
): Program {
  const { recipe, withNorms } = options;
  return traceTraining(name, recipe, trainingVariables(recipe, withNorms), () => {
    const forward = traceForward(options);
    traceUpdate(recipe, traceGradient(recipe, forward.loss), withNorms);
    outputResults(recipe, forward);
  });
}

/**
 * Traces a batch's contribution to a step, which changes only the variable `contribution`: the
 * gradient of the (scaled) loss, zero for frozen parameters, then the change of the buffers, both
 * times the batch's weight, and that weight. Inputs and outputs are those of {@link stepProgram},
 * without the scalars.
 */
export function contributionProgram(
  options: TrainingProgramOptions,
  name: string = PROGRAM.contribution,
): Program {
  const { recipe } = options;
  const variables = [...trainingVariables(recipe), contributionVariable(recipe)];
  return traceTraining(name, recipe, variables, () => {
    const forward = traceForward(options);
    const count = traceCount(options, forward);
    const gradient = traceGradient(recipe, forward.loss);
    // As a change: that of a counter times a batch's weight is added without rounding.
    mapUpdates(({ variable, offset, value }) => ({
      variable: CONTRIBUTION,
      offset: recipe.parameterSize + offset,
      value: multiplyScalar(
        subtract(value, readVariable(variable, offset, value.shape)),
        count,
      ),
    }));
    updateVariable(CONTRIBUTION, 0, multiplyScalar(gradient, count));
    updateVariable(CONTRIBUTION, stateSize(recipe), count);
    outputResults(recipe, forward);
  });
}

/**
 * Traces the rest of a step, after the contributions of its batches are added in the variable
 * `contribution`: unscales and clips the mean gradient, updates parameters and slots, moves the
 * buffers by their mean change, and the averages. Inputs: the scalars of {@link stepScalars}.
 *
 * @param contribution a program that writes a contribution: shows which buffers it changes
 */
export function updateProgram(
  { recipe, withNorms }: Pick<TrainingProgramOptions, "recipe" | "withNorms">,
  contribution: Program,
  name: string = PROGRAM.update,
): Program {
  const { parameterSize } = recipe;
  const variables = [...trainingVariables(recipe, withNorms), contributionVariable(recipe)];
  return traceTraining(name, recipe, variables, () => {
    const end = stateSize(recipe);
    const mean = (offset: number, shape: Shape) =>
      divideScalar(readVariable(CONTRIBUTION, offset, shape), readVariable(CONTRIBUTION, end, []));
    for (const { offset, value: { shape } } of contribution.updates) {
      if (offset < parameterSize || offset === end) continue;
      const at = offset - parameterSize;
      updateVariable(BUFFERS, at, add(readVariable(BUFFERS, at, shape), mean(offset, shape)));
    }
    traceUpdate(recipe, mean(0, [parameterSize]), withNorms);
  });
}

/** Traces the loss of a training step and nothing else. */
export function lossProgram(options: TrainingProgramOptions): Program {
  const { recipe } = options;
  return traceTraining(PROGRAM.loss, recipe, recipe.layout.variables, () => {
    output("loss", traceForward(options).loss);
  });
}

/**
 * Traces the evaluation of a batch in inference mode, with the averaged weights if the recipe has
 * them. Inputs: those of `traceInput` and the objective's targets. Outputs: `loss`, the sum over
 * images, the objective's sums and, if it has a tally, the `logits`; the other outputs ignore
 * padding rows.
 */
export function evaluationProgram(options: TrainingProgramOptions): Program {
  const { layout, objective, ema } = options.recipe;
  const heldBy = (variable: string) => ema ? averageOf(variable) : variable;
  const variables = layout.variables.map(({ name, size }) => ({ name: heldBy(name), size }));
  const bind: StateLayout["bind"] = (parameter) => {
    const binding = layout.bind(parameter);
    return "variable" in binding ? { ...binding, variable: heldBy(binding.variable) } : binding;
  };
  return trace({ name: PROGRAM.evaluate, variables, bind }, () => {
    const { logits, targets } = traceLogits(options, objective.targets);
    traceEvaluation(objective, logits, targets);
    if (objective.tally) output("logits", logits);
  });
}

/** Traces the outputs of an evaluation of a batch: `loss` and the objective's sums. */
export function traceEvaluation(
  objective: Objective,
  logits: Value,
  targets: Readonly<Record<string, Value>>,
): void {
  const options = { training: false };
  output("loss", objective.loss(logits, targets, options));
  outputSums(objective.sums(logits, targets, options));
}

/** The targets of a batch, as inputs. */
export function traceTargets(
  fields: readonly BatchField[],
  batchSize: number,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    fields.map(({ name, dtype, shape }) => [
      name,
      input(name, [batchSize, ...shape], dtype),
    ]),
  );
}

/**
 * The scalar inputs of an update: the optimizer's, those of parameters that were frozen at first, and
 * the decay of the averages.
 *
 * @param step optimizer steps taken before this one
 * @param releasedAt the step until which parameters were frozen
 */
export function stepScalars(
  { optimizer, groups, ema }: ResolvedRecipe,
  step: number,
  rates: Rates,
  releasedAt = 0,
): Record<string, number> {
  const released = groups.some(({ isReleased }) => isReleased)
    ? Object.entries(optimizer.scalarsAt(step - releasedAt, rates))
    : [];
  return {
    ...optimizer.scalarsAt(step, rates),
    ...Object.fromEntries(released.map(([name, value]) => [RELEASED + name, value])),
    ...(ema ? { [DECAY_SCALAR]: averageDecay(ema, step) } : {}),
  };
}

/** Traces a program of a training. */
export function traceTraining(
  name: string,
  { layout: { bind }, frozen }: ResolvedRecipe,
  variables: readonly Variable[],
  build: () => void,
): Program {
  return trace({ name, training: true, variables, frozen, bind }, build);
}

function traceLogits(
  { recipe, traceInput, batchSize }: TrainingProgramOptions,
  fields: readonly BatchField[],
) {
  const x = traceInput(batchSize);
  const targets = traceTargets(fields, batchSize);
  return { logits: recipe.model.call(x), targets };
}

/** Logits and loss of a batch. */
export function traceForward(options: TrainingProgramOptions) {
  const { recipe: { objective }, mixes } = options;
  const mixed = mixes ? objective.mixedTargets ?? [] : [];
  const { logits, targets } = traceLogits(options, [...objective.targets, ...mixed]);
  const loss = objective.loss(logits, targets, { training: true });
  return { loss, logits, targets };
}

/** The gradient of the loss, scaled if the recipe scales it, packed like the parameters. */
export function traceGradient(
  { trained, parameterSize, lossScale }: ResolvedRecipe,
  loss: Value,
): Value {
  const scaledLoss = lossScale ? multiply(loss, readLossScale()) : loss;
  return pack(
    gradients(scaledLoss, trained.map(({ parameter }) => toValue(parameter))),
    trained.map(({ offset }) => offset),
    parameterSize,
  );
}

/** The weight of a batch among the batches of one step: a scalar. */
export function traceCount(
  { recipe: { objective }, batchSize }: TrainingProgramOptions,
  { targets }: Pick<ReturnType<typeof traceForward>, "targets">,
): Value {
  return objective.weight?.(targets) ?? fill([], batchSize);
}

/** Traces the outputs of a step: see {@link stepProgram}. */
export function outputResults(
  { objective, lossScale }: ResolvedRecipe,
  { loss, logits, targets }: ReturnType<typeof traceForward>,
): void {
  output("loss", loss);
  if (lossScale) output("lossScale", readLossScale());
  outputSums(objective.sums(logits, targets, { training: true }));
}

function outputSums(sums: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(sums)) output(name, value);
}
