/**
 * What of a model is not trained: for good, or for the first epochs. As timm's `freeze` does, it stops
 * batch norms that are frozen, too: they normalise by their running statistics, which stay.
 */
import { InputError } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import type { Module } from "../layers/module.ts";
import { namePattern } from "../layers/names.ts";
import { PARAMETERS, type StateLayout } from "../layers/state.ts";
import { classifierOf } from "../models/classifier.ts";
import { someOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";

const namesSchema = z.union([z.literal("backbone"), z.array(z.string().min(1))]).describe(
  "backbone, which is all but the last fully connected layer, or names and their beginnings, as in " +
    "[conv1, layer1, '*.bias']",
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
export interface Freezing {
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
  const fits = names === "backbone"
    ? fitsBackbone(model)
    : fitsAny(names.map((name, i) => patternOf(layout, name, [...at, i])));
  const isFrozen = ({ name, variable }: StateLayout["ranges"][number]) =>
    (variable === PARAMETERS || batchNorm === "eval") && fits(name);
  const parameters = layout.ranges.filter(({ variable }) => variable === PARAMETERS);
  if (parameters.every(isFrozen)) {
    throw new InputError("freezing leaves no parameter to train", { at });
  }
  const frozen = layout.ranges.filter(isFrozen).map(({ parameter }) => parameter);
  return { frozen: new Set(frozen), ...(epochs === undefined ? {} : { epochs }) };
}

/**
 * What fits names or their beginnings. Throws InputError for names that fit no parameter.
 *
 * @param at where the names stand
 */
export function patternOf(
  layout: StateLayout,
  names: string,
  at: (string | number)[],
): RegExp {
  const pattern = namePattern(names);
  const parameters = layout.ranges.filter(({ variable }) => variable === PARAMETERS)
    .map(({ name }) => name);
  if (parameters.some((name) => pattern.test(name))) return pattern;
  throw new InputError(
    `the name "${names}" fits no parameter of the model; it has ${someOf(parameters, 8)}`,
    { at },
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
