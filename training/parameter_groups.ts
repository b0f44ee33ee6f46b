/** Which parameters are trained how: stretches of the arena that share weight decay and rate. */
import { InputError } from "../errors.ts";
import { namePattern } from "../layers/names.ts";
import { PARAMETERS, type StateLayout, type StateRange } from "../layers/state.ts";
import { someOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { CommonOptions } from "./optimizers/optimizer.ts";

/** Parameters that are not trained. */
export const freezeSchema = z.array(z.string().min(1)).describe(
  "Parameters that are not trained: names or their beginnings, as in [conv1, layer1, '*.bias']",
);

/** Learning rates of some parameters; others have the factor 1. */
export const learningRatesSchema = z.array(z.strictObject({
  names: z.string().min(1).describe("As in freeze"),
  factor: z.number().positive().describe("Multiplies the learning rate"),
})).describe("Other learning rates for some parameters; the first that fits counts");

/** What of a recipe tells parameters apart; names are patterns (`layers/names.ts`). */
export interface GroupOptions {
  readonly freeze?: z.output<typeof freezeSchema>;
  readonly learningRates?: z.output<typeof learningRatesSchema>;
}

/** A stretch of the parameters. */
export interface ParameterGroup {
  /** First element. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  readonly weightDecay: number;
  /** Multiplies the learning rate; above 0. */
  readonly rate: number;
}

/**
 * The tensors that are trained, and the fewest stretches of the parameters that cover them; frozen
 * ones are in none. Throws InputError, `at` the name, for one that fits no parameter, and when
 * nothing is left to train.
 */
export function parameterGroups(
  layout: StateLayout,
  options: GroupOptions,
  { weightDecay, decayNormAndBias }: CommonOptions,
): { readonly groups: readonly ParameterGroup[]; readonly trained: readonly StateRange[] } {
  const rateOf = parameterRates(layout, options);
  const { size = 0 } = layout.variables.find(({ name }) => name === PARAMETERS) ?? {};
  const ranges = layout.ranges.filter(({ variable }) => variable === PARAMETERS);
  const groups: ParameterGroup[] = [];
  ranges.forEach(({ name, offset }, i) => {
    const rate = rateOf(name);
    if (rate === 0) return;
    const isDecayed = decayNormAndBias || offset < layout.weightSize;
    const decay = isDecayed ? weightDecay : 0;
    const end = ranges[i + 1]?.offset ?? size;
    const last = groups.at(-1);
    const continues = last?.rate === rate && last.weightDecay === decay &&
      last.offset + last.size === offset;
    if (last && continues) groups[groups.length - 1] = { ...last, size: end - last.offset };
    else groups.push({ offset, size: end - offset, weightDecay: decay, rate });
  });
  if (ranges.length > 0 && groups.length === 0) {
    throw new InputError("freezing leaves no parameter to train", { at: ["freeze"] });
  }
  return { groups, trained: ranges.filter(({ name }) => rateOf(name) > 0) };
}

/** The factor of each parameter's learning rate, 0 where it is frozen. */
function parameterRates(
  layout: StateLayout,
  { freeze = [], learningRates = [] }: GroupOptions,
): (name: string) => number {
  const rates = [
    ...freeze.map((names, i) => ({ names, factor: 0, at: ["freeze", i] })),
    ...learningRates.map((rate, i) => ({ ...rate, at: ["learningRates", i] })),
  ].map((rate) => ({ ...rate, pattern: namePattern(rate.names) }));
  const parameters = layout.ranges.filter(({ variable }) => variable === PARAMETERS)
    .map(({ name }) => name);
  for (const { names, pattern, at } of rates) {
    if (!parameters.some((name) => pattern.test(name))) {
      throw new InputError(
        `the name "${names}" fits no parameter of the model; it has ${someOf(parameters, 8)}`,
        { at },
      );
    }
  }
  return (name) => rates.find(({ pattern }) => pattern.test(name))?.factor ?? 1;
}
