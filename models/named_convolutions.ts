/** Kinds of convolution for parts of a model, chosen by the names of its modules. */
import { InputError } from "../errors.ts";
import { Conv2d } from "../layers/conv2d.ts";
import { convolutionFactory, CONVOLUTIONS, type ConvolutionSpec } from "../layers/convolutions.ts";
import type { ConvolutionFactory } from "../layers/convolutions/entry.ts";
import type { Module } from "../layers/module.ts";
import { namePattern } from "../layers/names.ts";
import { choiceOf, z } from "../schema/entry.ts";

/** A kind of convolution for the modules that `names` fits: `{ names: "layer1", name: "conv" }`. */
export type NamedConvolution = { readonly names: string } & Exclude<ConvolutionSpec, string>;

const names = z.string().min(1).describe(
  "A convolution's name or its beginning, as in layer1 or '*.conv2'",
);

/** The schema of a list of {@link NamedConvolution}. */
export const namedConvolutionsSchema: z.ZodType<NamedConvolution[], readonly NamedConvolution[]> = z
  .array(
    choiceOf(
      Object.fromEntries(
        Object.entries(CONVOLUTIONS).map(([name, { about, schema }]) =>
          [name, { about, schema: schema.extend({ names }) }] as const
        ),
      ),
    ),
  ).meta({ id: "convolutions" }) as unknown as z.ZodType<
    NamedConvolution[],
    readonly NamedConvolution[]
  >;

/**
 * Builds a model each of whose convolutions is made by the first of `choices` that fits its name, or
 * by `others`. A module has no name while it is built, so a plain draft of the model is built first,
 * which tells the name of each call. Throws InputError for names that fit no convolution; `at` is the
 * place in the list.
 */
export function buildByName(
  build: (convolution: ConvolutionFactory) => Module,
  others: ConvolutionFactory,
  choices: readonly NamedConvolution[],
): Module {
  if (choices.length === 0) return build(others);
  const paths = convolutionPaths(build);
  const kinds = choices.map(({ names, ...spec }, i) => {
    const pattern = namePattern(names);
    if (!paths.some((path) => pattern.test(path))) {
      throw new InputError(
        `the name "${names}" fits no convolution whose kind can be chosen; there are ` +
          `${paths.slice(0, 8).join(", ")}${paths.length > 8 ? ", …" : ""}`,
        { at: ["convolutions", i, "names"] },
      );
    }
    return { pattern, make: convolutionFactory(spec, ["convolutions", i]) };
  });
  let calls = 0;
  return build((options) => {
    const path = paths[calls++];
    const kind = kinds.find(({ pattern }) => pattern.test(path));
    return (kind?.make ?? others)(options);
  });
}

/** The paths of the modules that a model's factory makes, in the order of its calls. */
function convolutionPaths(build: (convolution: ConvolutionFactory) => Module): string[] {
  const made: Module[] = [];
  const draft = build((options) => {
    const layer = new Conv2d(options);
    made.push(layer);
    return layer;
  });
  const paths = new Map([...draft.namedModules()].map(([path, module]) => [module, path]));
  return made.map((module) => paths.get(module) ?? "");
}
