/**
 * What of a model is not trained: for good, or for the first epochs. As timm's `freeze` does, it stops
 * batch norms that are frozen, too: they normalise by their running statistics, which stay.
 */
import { InputError, type OptionPath } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { Module } from "../layers/module.ts";
import { beginningsOf, namePattern } from "../layers/names.ts";
import { BUFFERS, PARAMETERS, type StateLayout } from "../layers/state.ts";
import { classifierOf } from "../models/classifier.ts";
import { someOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import { nearestName } from "../schema/nearest.ts";

const namesSchema = z.union([z.string().min(1), z.array(z.string().min(1))]).describe(
  "backbone, which is all but the last fully connected layer, or names and their beginnings, as in " +
    "[conv1, layer1, '*.bias']; *.weight are also the W and D of DO-Conv",
);

const frozenSchema = z.strictObject({
  names: namesSchema.default("backbone"),
  epochs: z.int().min(1).optional().describe(
    "Epochs after which all are trained; by default they never are",
  ),
  batchNorm: z.enum(["eval", "train"]).default("eval").describe(
    "eval: frozen batch norms normalise by their running statistics, which stay; train: by the batch's, " +
      "which move them",
  ),
});

/** What is not trained. */
export const freezeSchema = z.union([...namesSchema.options, frozenSchema]).describe(
  "What is not trained: backbone, all but the last fully connected layer, or names and their " +
    "beginnings, as in [conv1, layer1, '*.bias']; with epochs only at first",
);

/** What is frozen, and until when. */
interface Freezing {
  /** Parameters, and the statistics of batch norms that stay as they are. */
  readonly frozen: ReadonlySet<Parameter>;
  /** Epochs after which all are trained. Default: never. */
  readonly epochs?: number;
}

/**
 * What of a model is frozen. Throws InputError, `at` the name in the options, for one that fits no
 * parameter, and where nothing or all is left to train.
 */
export function freezingOf(
  model: Module,
  layout: StateLayout,
  options: z.output<typeof freezeSchema> = [],
): Freezing {
  const isNames = typeof options === "string" || Array.isArray(options);
  const { names, epochs, batchNorm } = isNames ? frozenSchema.parse({ names: options }) : options;
  const at = isNames ? [] : ["names"];
  // Statistics have names of their own, and a batch norm without scale and shift no others.
  const variables = batchNorm === "eval" ? [PARAMETERS, BUFFERS] : [PARAMETERS];
  const fits = names === "backbone" ? fitsBackbone(model) : fitsAny(
    typeof names === "string"
      ? patternsOf(layout, [names], () => at, variables)
      : patternsOf(layout, names, (i) => [...at, i], variables),
  );
  const isFrozen = ({ name, variable }: StateLayout["ranges"][number]) =>
    variables.includes(variable) && fits(name);
  const parameters = layout.ranges.filter(({ variable }) => variable === PARAMETERS);
  if (parameters.every(isFrozen)) {
    throw new InputError("freezing leaves no parameter to train", { at });
  }
  const frozen = new Set(layout.ranges.filter(isFrozen).map(({ parameter }) => parameter));
  for (const norm of batchNormsOf(model)) {
    const statistics = statisticsOf(norm);
    // Half of them would normalise by numbers that do not belong together.
    if (statistics.some((one) => frozen.has(one))) statistics.forEach((one) => frozen.add(one));
  }
  return { frozen, ...(epochs === undefined ? {} : { epochs }) };
}

/** How many batch norms of a model are frozen: those whose statistics stay, and those whose move. */
export function frozenBatchNorms(
  model: Module,
  frozen: ReadonlySet<Parameter>,
): { readonly staying: number; readonly moving: number } {
  const norms = batchNormsOf(model);
  const stays = (norm: BatchNorm2d) => frozen.has(norm.runningMean);
  const isFrozen = ({ weight, bias }: BatchNorm2d) =>
    [weight, bias].every((parameter) => parameter && frozen.has(parameter));
  return {
    staying: norms.filter(stays).length,
    moving: norms.filter((norm) => !stays(norm) && isFrozen(norm)).length,
  };
}

function batchNormsOf(model: Module): BatchNorm2d[] {
  return [...model.namedModules().values()].filter((layer) => layer instanceof BatchNorm2d);
}

function statisticsOf({ runningMean, runningVar, numBatchesTracked }: BatchNorm2d): Parameter[] {
  return [runningMean, runningVar, numBatchesTracked];
}

/**
 * What fits each of some names or beginnings of them. Throws InputError that tells all that fit no
 * tensor of these variables, with what was probably meant.
 *
 * @param at where each stands
 */
export function patternsOf(
  layout: StateLayout,
  names: readonly string[],
  at: (index: number) => OptionPath,
  variables: readonly string[] = [PARAMETERS],
): RegExp[] {
  const patterns = names.map(namePattern);
  const known = layout.ranges.filter(({ variable }) => variables.includes(variable))
    .map(({ name }) => name);
  const unfit = [...names.keys()].filter((i) => !known.some((name) => patterns[i].test(name)));
  if (unfit.length === 0) return patterns;
  const parts = [...new Set(known.flatMap(beginningsOf))];
  const spelled = unfit.map((i) => {
    const meant = nearestName(names[i], parts);
    return `"${names[i]}"${meant === undefined ? "" : ` (did you mean "${meant}"?)`}`;
  });
  const [first, ...others] = unfit;
  const has = someOf([...new Set(known.map((name) => name.split(".")[0]))], 8);
  throw new InputError(
    (others.length === 0 ? `the name ${spelled[0]} fits` : `the names ${spelled.join(", ")} fit`) +
      ` no parameter of the model; the parts of it are ${has}`,
    { at: others.length === 0 ? at(first) : at(first).slice(0, -1) },
  );
}

function fitsAny(patterns: readonly RegExp[]): (name: string) => boolean {
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function fitsBackbone(model: Module): (name: string) => boolean {
  const classifier = classifierOf(model);
  if (classifier === undefined) {
    throw new InputError(
      "the backbone is all but the last fully connected layer, and the model has none; name what is " +
        "to be frozen",
      { at: [] },
    );
  }
  return (name) => !name.startsWith(`${classifier}.`);
}
