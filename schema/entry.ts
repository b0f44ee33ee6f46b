/**
 * Entries: things that a config or the library can name, such as an optimizer or a dataset. An
 * entry says what the thing is, which options it has (types, defaults and explanations in one zod
 * object) and how it is built; a registry is a plain object from names to entries. Types,
 * validation, `schema.json` and help texts follow from the two.
 *
 * ```ts
 * // sgd.ts
 * const schema = z.strictObject({ learningRate: z.number().positive().describe("Learning rate") });
 * export const sgd: OptimizerEntry<typeof schema> = { about: "…", schema, build: (options) => … };
 * // registry.ts
 * interface OptimizerEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
 *   build(options: z.output<S>, …): Optimizer; // a method, so that a registry may hold any S
 * }
 * export const OPTIMIZERS = { sgd, adam } satisfies Record<string, OptimizerEntry>;
 * export type OptimizerOptions = Choice<typeof OPTIMIZERS>;
 * ```
 *
 * `mod.ts` exports the registry and the type of a choice; one entry's options are `OptionsOf<typeof
 * OPTIMIZERS.sgd>`. (`deno doc --lint` accepts that, but not `z.input`.)
 *
 * A choice among entries is written `{ name: sgd, learningRate: 0.1 }`, or as the name alone where
 * the entry needs no option. {@link choiceOf} accepts both and keeps the form that was written: a
 * mapping gets its defaults, a bare name stays one, so that a stored config looks like the file it
 * came from. Builders call {@link chosen}, which accepts either form and returns the entry and all
 * its options.
 */
import { InputError, type OptionPath } from "../errors.ts";
import { spellName } from "../reporting/controls.ts";
import { mistakesOf } from "./mistakes.ts";
import { suggestion } from "./nearest.ts";
import { isRecord } from "./record.ts";
import { spell } from "./words.ts";
import { z } from "./zod.ts";

export { z };

/** Something that a config or the library can name. A registry's entries also have a `build`. */
export interface Entry<S extends z.ZodObject = z.ZodObject> {
  /** What it is, in a few words. */
  readonly about: string;
  /** Its options; each is described, and has its default here. */
  readonly schema: S;
}

/** Entries by name. */
export type Registry<E extends Entry = Entry> = Readonly<Record<string, E>>;

/** The part of a registry that the types below need; zod's own types stay out of the public API. */
export interface SchemaRegistry {
  /** An entry's schema. */
  readonly [name: string]: {
    /** The zod object of its options. */
    readonly schema: { readonly _zod: { readonly input: unknown; readonly output: unknown } };
  };
}

/**
 * The options of an entry as written; those with defaults are optional. (zod's type for no options
 * would forbid every key, including `name`.)
 */
export type OptionsOf<E extends SchemaRegistry[string]> = string extends
  keyof E["schema"]["_zod"]["input"] ? Record<never, never> : E["schema"]["_zod"]["input"];

/** The options of an entry with defaults filled in. */
export type ParsedOptionsOf<E extends SchemaRegistry[string]> = string extends
  keyof E["schema"]["_zod"]["output"] ? Record<never, never> : E["schema"]["_zod"]["output"];

/** The names of a registry's entries that need no option: such a name alone is a choice. */
export type BareNameOf<R extends SchemaRegistry> = {
  [N in keyof R & string]: Record<never, never> extends OptionsOf<R[N]> ? N : never;
}[keyof R & string];

/** A choice among a registry's entries as it is written: options with defaults may be left out. */
export type Choice<R extends SchemaRegistry> =
  | BareNameOf<R>
  | { [N in keyof R & string]: { readonly name: N } & OptionsOf<R[N]> }[keyof R & string];

/** A choice that was parsed: a bare name as written, a mapping with every default filled in. */
export type ParsedChoice<R extends SchemaRegistry> =
  | BareNameOf<R>
  | {
    [N in keyof R & string]: { readonly name: N } & ParsedOptionsOf<R[N]>;
  }[keyof R & string];

interface Chosen<E extends Entry> {
  readonly name: string;
  readonly entry: E;
  /** All options, defaults filled in, without `name`. */
  readonly options: z.output<E["schema"]>;
}

/** The names of the entries that need no option. */
export function bareNames<R extends Registry>(registry: R): BareNameOf<R>[] {
  return Object.keys(registry).filter((name) =>
    Object.values(registry[name].schema.shape).every(({ _zod }) => _zod.optin !== undefined)
  ) as BareNameOf<R>[];
}

/** The names of a registry in groups that share one schema object, in order. */
export function namesBySchema<E extends Entry>(
  registry: Registry<E>,
): { readonly names: readonly [string, ...string[]]; readonly entry: E }[] {
  const groups = new Map<z.ZodObject, { names: [string, ...string[]]; entry: E }>();
  for (const [name, entry] of Object.entries(registry)) {
    const group = groups.get(entry.schema);
    if (group) group.names.push(name);
    else groups.set(entry.schema, { names: [name], entry });
  }
  return [...groups.values()];
}

/**
 * The schema of a choice among a registry's entries: `{ name, ...options }`, or the name alone
 * where no option is required. Unknown options are mistakes. Entries that share a schema object
 * share a branch.
 */
export function choiceOf<R extends Registry>(registry: R): z.ZodType<ParsedChoice<R>, Choice<R>> {
  const branches = namesBySchema(registry).map(({ names, entry: { schema } }) => {
    const name = names.length === 1 ? z.literal(names[0]) : z.enum(names).describe("Which one");
    const about = [...new Set(names.map((name) => registry[name].about))].join("; ");
    return schema.clone({ ...schema.strict().def, shape: { name, ...schema.shape } })
      .describe(about);
  });
  const mapping = z.discriminatedUnion("name", branches as [z.ZodObject, ...z.ZodObject[]]);
  const bare = bareNames(registry);
  const choice = bare.length === 0 ? mapping : z.union([z.enum(bare), mapping]);
  return choice as unknown as z.ZodType<ParsedChoice<R>, Choice<R>>;
}

/**
 * The entry of this name. Throws InputError, with the nearest valid name, if there is none.
 *
 * @param kind what the registry contains, such as `dataset`
 * @param at the path of the name in the input; see {@link InputError.at}
 */
export function findEntry<E>(
  registry: Readonly<Record<string, E>>,
  name: string,
  kind: string,
  at?: OptionPath,
): E {
  if (typeof name !== "string") {
    const names = Object.keys(registry).join(", ");
    throw new InputError(`${kind}: found ${spell(name)}, expected one of ${names}`, { at });
  }
  if (Object.hasOwn(registry, name)) return registry[name];
  throw new InputError(
    `there is no ${kind} ${spell(name)}${suggestion(name, Object.keys(registry), "names")}`,
    { at },
  );
}

/**
 * The entry and the options of a choice in either form. Throws InputError for an unknown name or an
 * invalid option; `at` is its path in the choice.
 *
 * @param kind what the registry contains, such as `optimizer`
 */
export function chosen<E extends Entry>(
  registry: Registry<E>,
  choice: string | { readonly name: string },
  kind: string,
): Chosen<E> {
  const isMapping = isRecord(choice);
  const { name, ...own } = isMapping ? choice : { name: choice };
  const entry = findEntry(registry, name, kind, isMapping ? ["name"] : []);
  return { name, entry, options: parseOptions<E["schema"]>(entry, own, `${kind} ${name}`) };
}

/** Throws InputError unless the value is a list of choices; `example` is one. */
export function requireList(choices: unknown, kinds: string, example: string): void {
  if (Array.isArray(choices)) return;
  throw new InputError(
    `found ${spell(choices)}, expected a list of ${kinds}, such as ${example}`,
    { at: [] },
  );
}

/**
 * Options with defaults filled in. Throws InputError with every mistake, one per line, with the
 * nearest valid name; `at` is the first mistake's option.
 *
 * @param what the options' owner, such as `optimizer sgd`
 */
export function parseOptions<S extends z.ZodObject>(
  { schema }: Entry<S>,
  options: unknown,
  what: string,
): z.output<S> {
  const strict = schema.strict();
  const result = strict.safeParse(options);
  if (result.success) return result.data as z.output<S>;
  const mistakes = mistakesOf(strict, options);
  throw new InputError(
    mistakes.map(({ path, text }) =>
      `${[what, spellName(path.join("."))].filter(Boolean).join(": ")}: ${text}`
    )
      .join("\n"),
    { at: mistakes[0].path as (string | number)[] },
  );
}

/**
 * An entry's options from a larger set, with defaults filled in. Throws as {@link parseOptions}.
 */
export function parseOwnOptions<S extends z.ZodObject>(
  entry: Entry<S>,
  options: object,
): z.output<S> {
  const own = Object.entries(options).filter(([name, value]) =>
    Object.hasOwn(entry.schema.shape, name) && value !== undefined
  );
  return parseOptions<S>(entry, Object.fromEntries(own), "");
}
