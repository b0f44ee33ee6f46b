/** Helpers for tests of training programs. */
import { input } from "../../graph/trace.ts";
import type { Executable } from "../../backends/backend.ts";
import type { Shape } from "../../graph/types.ts";
import type { TraceInput } from "../../training/image_input.ts";
import type { ResolvedRecipe } from "../../training/recipe.ts";
import { stepScalars } from "../../training/step_program.ts";
import { BUFFERS, PARAMETERS, unpackState } from "../../layers/state.ts";
import { CONTRIBUTION, trainingVariables } from "../../training/variables.ts";

/** A model's input without preprocessing: the program input `x` f32 [N, ...shape]. */
export function tensorInput(shape: Shape): TraceInput {
  return (batchSize) => input("x", [batchSize, ...shape]);
}

/** A recipe whose programs also output `logits`. */
export function withLogits(recipe: ResolvedRecipe): ResolvedRecipe {
  const { objective } = recipe;
  return {
    ...recipe,
    objective: {
      ...objective,
      sums: (logits, ...others) => ({ ...objective.sums(logits, ...others), logits }),
    },
  };
}

/** The scalars of an update as program inputs. */
export function scalarInputs(
  recipe: ResolvedRecipe,
  step: number,
  learningRate: number,
): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(stepScalars(recipe, step, { learningRate })).map(
      ([name, value]) => [name, Float32Array.of(value)],
    ),
  );
}

/** The content of all variables of a training. */
export async function readVariables(
  recipe: ResolvedRecipe,
  executable: Executable,
): Promise<Map<string, Float32Array>> {
  const variables = new Map<string, Float32Array>();
  for (const { name } of trainingVariables(recipe)) {
    variables.set(name, await executable.read(name));
  }
  return variables;
}

/** A batch's contribution by name: the mean gradients, and the buffers after a step. */
export async function readContribution(
  { layout, parameterSize }: ResolvedRecipe,
  executable: Executable,
) {
  const contribution = await executable.read(CONTRIBUTION);
  const count = contribution[contribution.length - 1];
  const mean = contribution.map((sum) => sum / count);
  const hasBuffers = layout.variables.some(({ name }) => name === BUFFERS);
  const before = hasBuffers ? await executable.read(BUFFERS) : new Float32Array();
  return {
    gradients: unpackState(layout, PARAMETERS, mean),
    buffers: unpackState(layout, BUFFERS, before.map((old, i) => old + mean[parameterSize + i])),
  };
}
