/** How parameters are trained: the options, and all that follows from them for one model. */
import { InputError } from "../errors.ts";
import type { Module } from "../layers/module.ts";
import { layoutState, PARAMETERS, type StateLayout, type StateRange } from "../layers/state.ts";
import { choiceOf, type OptionsOf, parseOwnOptions, z } from "../schema/entry.ts";
import { type Clip, clipSchema } from "./clip.ts";
import { type Ema, emaSchema } from "./ema.ts";
import { type LossScale, lossScaleSchema } from "./loss_scale.ts";
import { classification } from "./objectives/classification.ts";
import type { Objective } from "./objectives/objective.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { createOptimizer, OPTIMIZERS } from "./optimizers/registry.ts";
import {
  freezeSchema,
  learningRatesSchema,
  type ParameterGroup,
  parameterGroups,
} from "./parameter_groups.ts";

const schema = z.object({
  optimizer: choiceOf(OPTIMIZERS).describe("How parameters are updated"),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe(
    "Share of the target spread over all classes",
  ),
  clip: clipSchema.optional(),
  freeze: freezeSchema.optional(),
  learningRates: learningRatesSchema.optional(),
  ema: emaSchema.optional(),
  lossScale: lossScaleSchema.optional().describe(
    "Dynamic loss scaling; on with its defaults where feature maps are stored in 16 bits. A " +
      "skipped step counts as a step of the schedule and of Adam's bias correction",
  ),
});

/** The options of a recipe, explained and with their defaults. */
export const RECIPE = { about: "How parameters are trained", schema };

/** How parameters are trained: the options of {@link RECIPE}, of which only `optimizer` is needed. */
export type Recipe = Readonly<OptionsOf<typeof RECIPE>>;

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
  /** The parameters that are trained, in stretches of equal weight decay and rate. */
  readonly groups: readonly ParameterGroup[];
  /** The tensors that are trained, in order of their offsets. */
  readonly trained: readonly StateRange[];
  readonly clip?: Clip;
  readonly ema?: Ema;
  readonly lossScale?: LossScale;
}

/**
 * Applies a recipe to a model.
 *
 * @param options other options than a recipe's are left alone
 * @throws InputError for a model without parameters and, `at` the option, for options that do not
 *   fit, names that fit no parameter, and when every parameter is frozen
 */
export function resolveRecipe(
  model: Module,
  options: Recipe,
  { classes }: { readonly classes: number },
): ResolvedRecipe {
  const recipe = parseOwnOptions(RECIPE, options);
  const layout = layoutState(model);
  const parameterSize = layout.variables.find(({ name }) => name === PARAMETERS)?.size;
  if (parameterSize === undefined) {
    throw new InputError("the model has no parameters; there is nothing to train");
  }
  const { labelSmoothing, clip, ema, lossScale } = recipe;
  const optimizer = createOptimizer(recipe.optimizer);
  return {
    model,
    classes,
    layout,
    parameterSize,
    objective: classification({ labelSmoothing }),
    optimizer,
    ...parameterGroups(layout, recipe, optimizer.options),
    clip,
    ema,
    lossScale,
  };
}
