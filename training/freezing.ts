/**
 * Freezing: parts of a model that are not trained, always or for the first epochs. Like timm's
 * `freeze`, it also freezes batch norms: they normalize by their running statistics, which stay
 * unchanged.
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
  "backbone, which is all but the last fully connected layer, or names and prefixes, as in " +
    "[conv1, layer1, '*.bias']; *.weight are also the W and D of DO-Conv",
);

const frozenSchema = z.strictObject({
  names: namesSchema.default("backbone"),
  epochs: z.int().min(1).optional().describe(
    "Epochs after which all are trained; by default never",
  ),
  batchNorm: z.enum(["eval", "train"]).default("eval").describe(
    "eval: frozen batch norms normalize by their running statistics, which stay; train: by the batch's, " +
      "which move them",
  ),
});

/** What is not trained. */
export const freezeSchema = z.union([...namesSchema.options, frozenSchema]).describe(
  "What is not trained: backbone, all but the last fully connected layer, or names and " +
    "beginnings, as in [conv1, layer1, '*.bias']; with epochs only at first",
);

interface Freezing {
  /** Parameters, and statistics of batch norms that stay unchanged. */
  readonly frozen: ReadonlySet<Parameter>;
  /** Epochs after which all are trained. Default: never. */
  readonly epochs?: number;
}

/**
 * The frozen parts of a model. Throws InputError, `at` the name in the options, for a name that
 * fits no parameter, and if nothing or everything is frozen.
 */
export function freezingOf(
  model: Module,
  layout: StateLayout,
  options: z.output<typeof freezeSchema> = [],
): Freezing {
  const isNames = typeof options === "string" || Array.isArray(options);
  const { names, epochs, batchNorm } = isNames ? frozenSchema.parse({ names: options }) : options;
  const at = isNames ? [] : ["names"];
  // Statistics have their own names, and a batch norm without scale and shift has no others.
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
    const statistics = [norm.runningMean, norm.runningVar, norm.numBatchesTracked];
    // Otherwise half of them would normalize by numbers that do not belong together.
    if (statistics.some((one) => frozen.has(one))) statistics.forEach((one) => frozen.add(one));
  }
  return { frozen, ...(epochs === undefined ? {} : { epochs }) };
}

/**
 * The number of a model's frozen batch norms with fixed statistics, and of those with updated ones.
 */
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

/**
 * The tensors that match each name or prefix. Throws InputError that lists all names without a
 * match among these variables, with the names probably meant.
 *
 * @param at the path of each
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
