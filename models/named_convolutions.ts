/** Kinds of convolution for parts of a model, selected by module names. */
import { InputError, type OptionPath } from "../errors.ts";
import { Conv2d } from "../layers/conv2d.ts";
import { convolutionFactory, CONVOLUTIONS, type ConvolutionSpec } from "../layers/convolutions.ts";
import type { ConvolutionFactory } from "../layers/convolutions/entry.ts";
import type { Module } from "../layers/module.ts";
import { namePattern } from "../layers/names.ts";
import { someOf } from "../reporting/format.ts";
import { choiceOf, z } from "../schema/entry.ts";

/**
 * A kind of convolution for the modules that match `names`: `{ names: "layer1", name: "conv" }`.
 */
export type NamedConvolution = { readonly names: string } & Exclude<ConvolutionSpec, string>;

const names = z.string().min(1).describe(
  "A convolution's name or its beginning, as in layer1 or '*.conv2'",
);

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
 * Builds a model whose convolutions are each made by the first of `choices` that matches its name,
 * or by `others`. A module has no name while it is built, so a plain draft of the model is built
 * first to find the name of each call. Throws InputError for an entry that makes no convolution;
 * `at` is its index in the list. Invalid options of a kind are reported at the kind, wherever in
 * the model they occur.
 */
export function buildByName(
  build: (convolution: ConvolutionFactory) => Module,
  others: ConvolutionFactory,
  choices: readonly NamedConvolution[],
): Module {
  if (choices.length === 0) return buildAt(build, others);
  const draft = draftOf(build);
  const kinds = choices.map(({ names, ...spec }, i) => ({
    names,
    pattern: namePattern(names),
    make: convolutionFactory(spec, ["convolutions", i]),
  }));
  const kindOf = (path: string) => kinds.find(({ pattern }) => pattern.test(path));
  const used = new Set(draft.paths.map(kindOf));
  kinds.forEach((kind, i) => {
    if (!used.has(kind)) {
      throw new InputError(reasonUnused(kind, draft), { at: ["convolutions", i, "names"] });
    }
  });
  let calls = 0;
  return buildAt(build, (options) => (kindOf(draft.paths[calls++])?.make ?? others)(options));
}

/**
 * Builds a model; errors of its factory keep their path (`at`) and get the name of the convolution.
 */
function buildAt(
  build: (convolution: ConvolutionFactory) => Module,
  make: ConvolutionFactory,
): Module {
  let at: OptionPath | undefined;
  let calls = 0;
  try {
    return build((options) => {
      calls++;
      try {
        return make(options);
      } catch (error) {
        if (error instanceof InputError) at = error.at;
        throw error;
      }
    });
  } catch (error) {
    if (at === undefined || !(error instanceof InputError)) throw error;
    const path = nameOfCall(build, calls - 1);
    const remedy =
      `; convolutions: [{ names: ${path}, name: … }] gives it a kind and options of its own`;
    const isOfAll = path !== undefined && at[0] === "convolution";
    const message = `${path === undefined ? "" : `${path}: `}${error.message}${
      isOfAll ? remedy : ""
    }`;
    throw new InputError(message, { at, cause: error });
  }
}

/** The name of the convolution of a call; undefined if the model cannot be built with any kind. */
function nameOfCall(build: (convolution: ConvolutionFactory) => Module, call: number) {
  try {
    return draftOf(build).paths[call] || undefined;
  } catch {
    return undefined;
  }
}

/** A model of plain convolutions, built to find its names. */
interface Draft {
  /** The paths of the modules that the factory made, in the order of its calls. */
  readonly paths: readonly string[];
  /** All modules by path. */
  readonly modules: ReadonlyMap<string, Module>;
}

/** Why an entry applies to no convolution. */
function reasonUnused(
  { names, pattern }: { readonly names: string; readonly pattern: RegExp },
  { paths, modules }: Draft,
): string {
  if (paths.some((path) => pattern.test(path))) {
    return `every convolution that "${names}" fits has its kind from an entry before this one; ` +
      "move this one ahead, or remove it";
  }
  const choices = someOf(paths, 8);
  const [fixed] = [...modules].filter(([path]) => path !== "" && pattern.test(path));
  return fixed
    ? `${fixed[0]} is a ${fixed[1].constructor.name} whatever kind the model is asked for; the ` +
      `kind can be chosen of ${choices}`
    : `the name "${names}" fits no convolution whose kind can be chosen; there are ${choices}`;
}

function draftOf(build: (convolution: ConvolutionFactory) => Module): Draft {
  const made: Module[] = [];
  const draft = build((options) => {
    const layer = new Conv2d(options);
    made.push(layer);
    return layer;
  });
  const modules = draft.namedModules();
  const paths = new Map([...modules].map(([path, module]) => [module, path]));
  return { paths: made.map((module) => paths.get(module) ?? ""), modules };
}
