/**
 * Gradient accumulation: an optimizer step over several consecutive batches. It equals a step on
 * one batch of all their images, up to rounding, if no image's loss depends on the others. With
 * batch norm it does: each batch is normalized separately and updates the running statistics, as in
 * PyTorch.
 *
 * Each batch adds its gradient, times the batch's weight, to the variable `accumulated`; the update
 * divides by the total weight and clears it. Until then parameters and buffers keep their values:
 * an unfinished step leaves no trace, and checkpoints contain whole steps.
 */
import { pendingUpdates, readVariable, updateVariable } from "../graph/trace.ts";
import type { Program, Variable } from "../graph/types.ts";
import { BUFFERS, type StateLayout } from "../layers/state.ts";
import { add } from "../ops/add.ts";
import { divideScalar } from "../ops/divide_scalar.ts";
import { fill } from "../ops/fill.ts";
import { multiplyScalar } from "../ops/multiply_scalar.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import {
  outputResults,
  traceCount,
  traceForward,
  traceGradient,
  traceTraining,
  type TrainingProgramOptions,
} from "./step_program.ts";
import { traceUpdate } from "./update.ts";
import { stateSize, trainingVariables } from "./variables.ts";

/**
 * Laid out [`parameters` | `buffers` | 1]: the sum of gradients, the new values of buffers, and the
 * total weight of the batches.
 */
const ACCUMULATED = "accumulated";

/**
 * Traces the work on one batch of such a step. Inputs and outputs are those of `stepProgram`,
 * without the scalars.
 */
export function accumulationProgram(options: TrainingProgramOptions, name: string): Program {
  const { recipe } = options;
  const { parameterSize, layout } = recipe;
  const bind: StateLayout["bind"] = (parameter) => {
    const binding = layout.bind(parameter);
    return "variable" in binding && binding.variable === BUFFERS
      ? { variable: ACCUMULATED, offset: parameterSize + binding.offset }
      : binding;
  };
  const staged = { ...recipe, layout: { ...layout, bind } };
  return traceTraining(name, staged, variablesOf(recipe), () => {
    const forward = traceForward(options);
    const count = traceCount(options, forward);
    const gradient = multiplyScalar(traceGradient(recipe, forward.loss), count);
    updateVariable(ACCUMULATED, 0, add(readVariable(ACCUMULATED, 0, [parameterSize]), gradient));
    const end = stateSize(recipe);
    updateVariable(ACCUMULATED, end, add(readVariable(ACCUMULATED, end, []), count));
    outputResults(recipe, forward);
  });
}

/**
 * Traces the end of such a step: unscales and clips the mean gradient, updates parameters and slots,
 * assigns the buffers, moves the averages. Inputs: the scalars of `stepScalars`.
 *
 * @param accumulation the program of its batches: shows which buffers they assign
 */
export function accumulatedUpdateProgram(
  { recipe, withNorms }: Pick<TrainingProgramOptions, "recipe" | "withNorms">,
  accumulation: Program,
  name: string,
): Program {
  const { parameterSize } = recipe;
  const end = stateSize(recipe);
  return traceTraining(name, recipe, variablesOf(recipe, withNorms), () => {
    for (const { offset, value: { shape } } of accumulation.updates) {
      if (offset < parameterSize || offset === end) continue;
      updateVariable(BUFFERS, offset - parameterSize, readVariable(ACCUMULATED, offset, shape));
    }
    const gradients = readVariable(ACCUMULATED, 0, [parameterSize]);
    const mean = divideScalar(gradients, readVariable(ACCUMULATED, end, []));
    traceUpdate(recipe, mean, withNorms);
    // A step that loss scaling skips leaves buffers unchanged.
    for (const { variable, offset, value } of pendingUpdates()) {
      if (variable === BUFFERS) updateVariable(ACCUMULATED, parameterSize + offset, value);
    }
    updateVariable(ACCUMULATED, 0, fill([parameterSize], 0));
    updateVariable(ACCUMULATED, end, fill([], 0));
  });
}

/**
 * The value of the variable of accumulated gradients before a step, given the value of `buffers`.
 */
export function beforeAccumulation(
  recipe: ResolvedRecipe,
  buffers: Float32Array,
): { readonly name: string; readonly data: Float32Array } {
  const data = new Float32Array(stateSize(recipe) + 1);
  data.set(buffers, recipe.parameterSize);
  return { name: ACCUMULATED, data };
}

function variablesOf(recipe: ResolvedRecipe, withNorms?: boolean): Variable[] {
  return [...trainingVariables(recipe, withNorms), {
    name: ACCUMULATED,
    size: stateSize(recipe) + 1,
  }];
}
