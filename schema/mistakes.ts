/** Finds the mistakes in options or a config. */
import { describe, type Found, type Issue, MAX_ISSUES, type Mistake } from "./describe.ts";
import {
  type JsonSchema,
  jsonSchemaOf,
  keysOf,
  namesOf,
  schemasAt,
  valueAt,
  type ValuePath,
} from "./json.ts";
import { nearestName } from "./nearest.ts";
import type { z } from "./zod.ts";

/**
 * Describes every mistake in `value`: what was found, what was expected, the nearest valid name.
 *
 * @param json the schema's own JSON Schema, or one that differs in what may be left out
 */
export function mistakesOf(
  schema: z.ZodType,
  value: unknown,
  json: JsonSchema = jsonSchemaOf(schema),
): Mistake[] {
  const found = find({ schema, json }, value);
  // A misspelled key is also a missing one, and may break a rule about its siblings; once is enough.
  const misspelled = found.filter((mistake) => mistake.unknown);
  return found.filter((mistake) =>
    mistake.unknown || !misspelled.some(({ path, meant }) => {
      const parent = path.slice(0, -1);
      return mistake.missing !== undefined && mistake.missing === meant &&
          samePath(mistake.path.slice(0, -1), parent) ||
        mistake.rule === true && samePath(mistake.path, parent);
    })
  );
}

interface Schemas {
  readonly schema: z.ZodType;
  readonly json: JsonSchema;
}

/**
 * All mistakes in `value`, or in its part at `at`. Mistakes in a choice besides its name are found
 * as if it had the name that was meant.
 *
 * @param shown what to describe in place of `value`
 * @param isNamed whether the name of the choice at `at` was written as such
 */
function find(
  schemas: Schemas,
  value: unknown,
  at: ValuePath = [],
  shown: unknown = value,
  isNamed = true,
): Found[] {
  const issues = (schemas.schema.safeParse(value).error?.issues ?? []).slice(0, MAX_ISSUES)
    .flatMap(settleUnion).filter(({ path }) => startsWith(path, at));
  const found = issues.flatMap((issue) => describe(issue, shown, schemas.json, isNamed));
  const misnamed = found.filter((mistake) => isOfName(mistake, value, schemas.json))
    .map(({ path }) => path.slice(0, -1));
  const choices = misnamed.filter((choice) =>
    !misnamed.some((outer) => outer.length < choice.length && startsWith(choice, outer))
  );
  const isBeside = ({ path }: Found) => choices.some((choice) => startsWith(path, choice));
  return [
    ...found.filter((mistake) => !isBeside(mistake) || isNameOf(choices, mistake)),
    ...choices.flatMap((choice) => findBeside(choice, schemas, value)),
  ];
}

/** Whether the mistake is a missing or unknown name of a choice. */
function isOfName({ path, unknown, meant }: Found, value: unknown, json: JsonSchema): boolean {
  if (path.length === 0 || (unknown ? meant : path.at(-1)) !== "name") return false;
  const choice = path.slice(0, -1);
  const names = schemasAt(json, choice, value).flatMap(namesOf);
  const name = valueAt(value, [...choice, "name"]);
  return names.length > 0 &&
    (unknown ? name === undefined : !names.some((known) => known === name));
}

function isNameOf(choices: readonly ValuePath[], { path }: Found): boolean {
  return path.at(-1) === "name" && choices.some((choice) => samePath(path.slice(0, -1), choice));
}

/**
 * The mistakes of a choice besides its wrong name; if no name is near, those that it has under
 * every name.
 */
function findBeside(choice: ValuePath, schemas: Schemas, value: unknown): Found[] {
  const branches = schemasAt(schemas.json, choice, value).filter((branch) => namesOf(branch)[0]);
  const keys = keysOf(branches);
  const written = Object.entries(valueAt(value, choice) as object)
    .find(([key]) => nearestName(key, keys) === "name")?.[1];
  const meant = nearestName(String(written ?? ""), branches.flatMap(namesOf));
  const [first, ...others] = (meant === undefined ? branches.map((b) => namesOf(b)[0]) : [meant])
    .map((name) => {
      const named = withValue(value, [...choice, "name"], name);
      const isNamed = valueAt(value, [...choice, "name"]) !== undefined;
      return find(schemas, named, choice, meant === undefined ? value : named, isNamed);
    });
  return first.filter((mistake) =>
    others.every((other) =>
      other.some(({ path, text }) => samePath(path, mistake.path) && text === mistake.text)
    )
  );
}

/** A copy of plain data with another value at `path`. */
function withValue(whole: unknown, path: ValuePath, value: unknown): unknown {
  if (path.length === 0) return value;
  const [key, ...rest] = path;
  const copy = Array.isArray(whole) ? [...whole] : { ...whole as object };
  (copy as Record<PropertyKey, unknown>)[key] = withValue(valueAt(whole, [key]), rest, value);
  return copy;
}

/** Replaces a union's issue by those of the one branch that the value was meant for, if any. */
function settleUnion(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branches = issue.errors.filter((errors) =>
    !errors.some(({ path, code }) =>
      path.length === 0 && (code === "invalid_type" || code === "invalid_value")
    )
  ).sort((a, b) => a.length - b.length);
  if (branches.length === 0) return [issue];
  return branches[0].flatMap((inner) =>
    settleUnion({ ...inner, path: [...issue.path, ...inner.path] })
  );
}

function startsWith(path: ValuePath, prefix: ValuePath): boolean {
  return prefix.every((key, index) => key === path[index]);
}

function samePath(a: ValuePath, b: ValuePath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
