/**
 * Parameter groups: ranges of the variable `parameters` that share weight decay and learning rate.
 */
import { within } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import { PARAMETERS, type StateLayout, type StateRange } from "../layers/state.ts";
import { z } from "../schema/entry.ts";
import { patternsOf } from "./freezing.ts";
import type { CommonOptions } from "./optimizers/optimizer.ts";

/** Learning rates of some parameters; the others have the factor 1. */
export const learningRatesSchema = z.array(z.strictObject({
  names: z.string().min(1).describe("A name or a prefix, such as layer1 or '*.bias'"),
  factor: z.number().positive().describe("Multiplies the learning rate"),
})).describe("Other learning rates for some parameters; the first that fits counts");

/** The options of a recipe that distinguish parameters; names are patterns (`layers/names.ts`). */
interface GroupOptions {
  readonly learningRates?: z.output<typeof learningRatesSchema>;
  /** Names of parameters that are in no group. Default: none. */
  readonly frozen?: ReadonlySet<Parameter>;
  /** Names of parameters that were frozen at first. Default: none. */
  readonly released?: ReadonlySet<Parameter>;
}

/** A range of the parameters. */
interface ParameterGroup {
  readonly offset: number;
  readonly size: number;
  readonly weightDecay: number;
  /** Multiplies the learning rate; above 0. */
  readonly rate: number;
  /** Whether it was frozen at first, so that the optimizer's steps count from its release. */
  readonly isReleased: boolean;
}

/** What is trained. */
export interface Trained {
  /** The trained parameters, in ranges of equal weight decay and rate. */
  readonly groups: readonly ParameterGroup[];
  /** The trained tensors, in order of their offsets. */
  readonly trained: readonly StateRange[];
  /** Frozen parameters, and statistics of batch norms that stay unchanged. */
  readonly frozen: ReadonlySet<Parameter>;
}

const NONE: ReadonlySet<Parameter> = new Set();

/**
 * The trained tensors, and the fewest contiguous ranges that cover them. Throws InputError, `at`
 * the name, for a name that fits no parameter.
 */
export function trainedBy(
  layout: StateLayout,
  { learningRates = [], frozen = NONE, released = NONE }: GroupOptions,
  { weightDecay, decayNormAndBias }: CommonOptions,
): Trained {
  const rateOf = parameterRates(layout, learningRates);
  const { size = 0 } = layout.variables.find(({ name }) => name === PARAMETERS) ?? {};
  const ranges = layout.ranges.filter(({ variable }) => variable === PARAMETERS);
  const groups: ParameterGroup[] = [];
  ranges.forEach(({ name, offset, parameter }, i) => {
    if (frozen.has(parameter)) return;
    const rate = rateOf(name);
    const isReleased = released.has(parameter);
    const isDecayed = decayNormAndBias || offset < layout.weightSize;
    const decay = isDecayed ? weightDecay : 0;
    const end = ranges[i + 1]?.offset ?? size;
    const last = groups.at(-1);
    const continues = last?.rate === rate && last.weightDecay === decay &&
      last.isReleased === isReleased && last.offset + last.size === offset;
    if (last && continues) groups[groups.length - 1] = { ...last, size: end - last.offset };
    else groups.push({ offset, size: end - offset, weightDecay: decay, rate, isReleased });
  });
  return { groups, trained: ranges.filter(({ parameter }) => !frozen.has(parameter)), frozen };
}

function parameterRates(
  layout: StateLayout,
  learningRates: NonNullable<GroupOptions["learningRates"]>,
): (name: string) => number {
  const all = learningRates.map(({ names }) => names);
  const patterns = within(["learningRates"], () => patternsOf(layout, all, (i) => [i]));
  return (name) => learningRates[patterns.findIndex((pattern) => pattern.test(name))]?.factor ?? 1;
}
