/** How parameters are trained: the options, and their consequences for one model. */
import { InputError, within } from "../errors.ts";
import type { Module } from "../layers/module.ts";
import { layoutState, PARAMETERS, type StateLayout } from "../layers/state.ts";
import { choiceOf, type OptionsOf, parseOwnOptions, z } from "../schema/entry.ts";
import { type Clip, clipSchema } from "./clip.ts";
import { type EarlyStopping, earlyStoppingOf, earlyStoppingSchema } from "./early_stopping.ts";
import { type Ema, emaSchema } from "./ema.ts";
import { freezeSchema, freezingOf } from "./freezing.ts";
import { type LossScale, lossScaleSchema } from "./loss_scale.ts";
import { type Monitor, monitorOf, monitorSchema } from "./metrics/monitor.ts";
import type { NetworkClasses, Objective } from "./objectives/objective.ts";
import { isBuilt, type ObjectiveChoice, objectiveOf, OBJECTIVES } from "./objectives/registry.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { createOptimizer, OPTIMIZERS } from "./optimizers/registry.ts";
import { learningRatesSchema, type Trained, trainedBy } from "./parameter_groups.ts";

const schema = z.object({
  optimizer: choiceOf(OPTIMIZERS).describe("How parameters are updated"),
  objective: choiceOf(OBJECTIVES).default("classification").describe(
    "What the network is trained for: the loss and the metrics",
  ),
  monitor: monitorSchema.optional().describe(
    "Which metric selects the best validation; by default the objective's, such as accuracy",
  ).meta({ resume: "extends" }),
  earlyStopping: earlyStoppingSchema.optional(),
  clip: clipSchema.optional(),
  freeze: freezeSchema.optional(),
  learningRates: learningRatesSchema.optional(),
  ema: emaSchema.optional(),
  lossScale: lossScaleSchema.optional().describe(
    "Dynamic loss scaling; on with its defaults where feature maps are stored in 16 bits. A " +
      "skipped step counts as a step of the schedule and of Adam's bias correction",
  ),
});

/** The options of a recipe, with descriptions and defaults. */
export const RECIPE = { about: "How parameters are trained", schema };

/** How parameters are trained: the options of {@link RECIPE}; only `optimizer` is required. */
export type Recipe = Readonly<Omit<OptionsOf<typeof RECIPE>, "objective">> & {
  /** The objective, by name or as an object. Default: classification. */
  readonly objective?: ObjectiveChoice | Objective;
};

/**
 * A recipe applied to a model: its programs are traced from it, and it defines the layout of the
 * state and what is trained.
 */
export interface ResolvedRecipe extends Trained {
  readonly model: Module;
  /** Number of classes of the model. */
  readonly classes: number;
  readonly layout: StateLayout;
  /** Elements of the variable `parameters`. */
  readonly parameterSize: number;
  readonly objective: Objective;
  /** What selects the best validation. */
  readonly monitor: Monitor;
  readonly earlyStopping?: EarlyStopping;
  readonly optimizer: Optimizer;
  /** What is trained in the first epochs, if that is less. */
  readonly beginning?: Trained & { readonly epochs: number };
  readonly clip?: Clip;
  readonly ema?: Ema;
  readonly lossScale?: LossScale;
}

/**
 * Applies a recipe to a model.
 *
 * @param options other options than a recipe's are ignored
 * @throws InputError for a model without parameters and, `at` the option, for invalid options,
 *   names that fit no parameter, and if every parameter is frozen
 */
export function resolveRecipe(
  model: Module,
  options: Recipe,
  { classes, ...known }: NetworkClasses,
): ResolvedRecipe {
  const { objective: choice, ...others } = options;
  const built = isBuilt(choice) ? choice : undefined;
  const recipe = parseOwnOptions(RECIPE, built ? others : options);
  const layout = layoutState(model);
  const parameterSize = layout.variables.find(({ name }) => name === PARAMETERS)?.size;
  if (parameterSize === undefined) {
    throw new InputError("the model has no parameters; there is nothing to train");
  }
  const { clip, ema, lossScale } = recipe;
  const objective = within(
    ["objective"],
    () => objectiveOf(built ?? recipe.objective, classes, known),
  );
  const monitor = monitored(objective, recipe.monitor);
  const optimizer = createOptimizer(recipe.optimizer);
  return {
    model,
    classes,
    layout,
    parameterSize,
    objective,
    monitor,
    earlyStopping: within(
      ["earlyStopping"],
      () => earlyStoppingOf(objective, monitor, recipe.earlyStopping),
    ),
    optimizer,
    ...trainedParts(model, layout, recipe, optimizer),
    clip,
    ema,
    lossScale,
  };
}

/** What is trained in the end and, if that is less, at first. */
function trainedParts(
  model: Module,
  layout: StateLayout,
  { freeze, learningRates }: z.output<typeof schema>,
  { options }: Optimizer,
): Trained & Pick<ResolvedRecipe, "beginning"> {
  const { frozen, epochs } = within(["freeze"], () => freezingOf(model, layout, freeze));
  const held = trainedBy(layout, { learningRates, frozen }, options);
  if (epochs === undefined) return held;
  const all = trainedBy(layout, { learningRates, released: frozen }, options);
  return { ...all, beginning: { ...held, epochs } };
}

/** What selects the best validation: a recipe's `monitor`, or the objective's default. */
export function monitored(
  objective: Objective,
  options: z.output<typeof monitorSchema> | undefined,
): Monitor {
  if (options === undefined) return objective.monitor;
  if (typeof options === "string") {
    return within(["monitor"], () => monitorOf(objective, options));
  }
  return within(["monitor", "metric"], () => monitorOf(objective, options.metric, options.mode));
}
