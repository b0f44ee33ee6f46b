/** The variables of a training as tensors by name. */
import type { Executable } from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { InputError } from "../errors.ts";
import { floatsOf, type StateDict, type StateTensor } from "../layers/module.ts";
import { BUFFERS, packState, PARAMETERS, unpackState } from "../layers/state.ts";
import { averageOf } from "./ema.ts";
import { initialLossScale, LOSS_SCALE_VARIABLE } from "./loss_scale.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { slotVariable } from "./variables.ts";

/** Copies of all tensors of a training. */
export async function readTensors(
  { layout, optimizer, ema, lossScale }: ResolvedRecipe,
  executable: Pick<Executable, "read">,
): Promise<TrainingTensors> {
  const slots = new Map<string, StateDict>();
  for (const slot of optimizer.slots) {
    const arena = await executable.read(slotVariable(slot));
    slots.set(slot, unpackState(layout, PARAMETERS, arena));
  }
  /** The model's tensors from a variant of its variables, in state-dict order. */
  const readState = async (variantOf: (variable: string) => string): Promise<StateDict> => {
    const found = new Map<string, StateTensor>();
    for (const variable of stateVariables({ layout })) {
      const arena = await executable.read(variantOf(variable));
      for (const [name, tensor] of unpackState(layout, variable, arena)) found.set(name, tensor);
    }
    return found;
  };
  return {
    model: await readState((variable) => variable),
    optimizer: slots,
    ...(ema ? { ema: await readState(averageOf) } : {}),
    ...(lossScale ? { lossScale: await executable.read(LOSS_SCALE_VARIABLE.name) } : {}),
  };
}

/**
 * Values of the variables for these tensors, by name: missing averages are the weights, and a
 * missing loss scale is the initial one; missing slots have no entry, since they start as zeros.
 */
export function arenasOf(
  recipe: ResolvedRecipe,
  { model, optimizer, ema = model, lossScale }: TrainingTensors,
): Map<string, Float32Array> {
  const { layout } = recipe;
  const arenas = new Map<string, Float32Array>();
  for (const variable of stateVariables(recipe)) {
    arenas.set(variable, packState(layout, variable, numbersOf(model)));
    if (recipe.ema) {
      arenas.set(averageOf(variable), packState(layout, variable, numbersOf(ema)));
    }
  }
  for (const [slot, state] of optimizer) {
    arenas.set(slotVariable(slot), packState(layout, PARAMETERS, numbersOf(state)));
  }
  if (recipe.lossScale) {
    arenas.set(LOSS_SCALE_VARIABLE.name, lossScale ?? initialLossScale(recipe.lossScale));
  }
  return arenas;
}

/** Throws InputError if tensors that the recipe needs are missing. */
export function requireTensors({ optimizer, ema }: ResolvedRecipe, tensors: TrainingTensors): void {
  for (const slot of optimizer.slots) {
    if (tensors.optimizer.has(slot)) continue;
    throw new InputError(
      `the checkpoint has no optimizer state "${slot}"; it was written with other ` +
        "optimizer options",
    );
  }
  if (ema && !tensors.ema) {
    throw new InputError("the checkpoint has no averaged weights; it was written without ema");
  }
}

/** The variables of the model that exist. */
export function stateVariables(
  { layout }: Pick<ResolvedRecipe, "layout">,
): (typeof PARAMETERS | typeof BUFFERS)[] {
  const names = layout.variables.map(({ name }) => name);
  return ([PARAMETERS, BUFFERS] as const).filter((variable) => names.includes(variable));
}

/** Tensors with elements as numbers. */
function numbersOf(state: StateDict): Map<string, { data: Float32Array }> {
  return new Map([...state].map(([name, tensor]) => [name, { data: floatsOf(tensor) }]));
}
