/** Turns zod's issues with options or a config into sentences for the user. */

import {
  branchesOf,
  choicesOf,
  type JsonSchema,
  jsonSchemaOf,
  namesOf,
  schemasAt,
  valueAt,
  type ValuePath,
} from "./json.ts";
import { nearestName } from "./nearest.ts";
import type { z } from "./zod.ts";

type Issue = z.core.$ZodIssue;

/** Maximum number of issues that are described, and of unknown keys in one. */
const MAX_ISSUES = 100;

/** A mistake at a place. */
export interface Mistake {
  path: ValuePath;
  /** Whether the key is wrong or its value. */
  part: "key" | "value";
  text: string;
}

interface Found extends Mistake {
  missing?: string;
  /** Whether the schema knows no such key. */
  unknown?: boolean;
  /** The key that an unknown one was probably meant to be. */
  meant?: string;
  /** Whether a rule about several keys is broken. */
  rule?: boolean;
}

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

function describe(
  issue: Issue,
  value: unknown,
  schema: JsonSchema,
  isNamed: boolean,
): Found[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const schemas = schemasAt(schema, path, value);
    const valid = keysOf(schemas);
    const name = valueAt(value, [...path, "name"]);
    const names = name === undefined ? schemas.flatMap(namesOf) : [];
    const isChosen = isNamed && name !== undefined &&
      schemas.flatMap(namesOf).includes(String(name));
    const own = isChosen ? valid.filter((key) => key !== "name") : valid;
    return issue.keys.slice(0, MAX_ISSUES).map((key) => {
      if (valid.includes(key)) {
        const others = Object.keys(valueAt(value, path) as object).filter((other) => other !== key);
        const text = `does not go together with ${others.join(", ")}; give one or the other`;
        return { path: [...path, key], part: "key", text };
      }
      const holdsName = names.some((name) => name === valueAt(value, [...path, key]));
      const here = `${[...path, key].join(".")}.`;
      const meant = nearestName(key, own) ?? (holdsName ? "name" : undefined) ??
        placesOf(schema, key).find((place) => !here.startsWith(`${place}.`));
      const remedy = meant === undefined
        ? validKeys(own, isChosen ? String(name) : undefined)
        : `; did you mean "${meant}"?`;
      return {
        path: [...path, key],
        part: "key",
        text: `unknown key${remedy}`,
        unknown: true,
        meant,
      };
    });
  }
  if (issue.code === "custom" || issue.code === "invalid_format") {
    const part = valueAt(value, path) === undefined ? "key" : "value";
    return [{ path, part, text: issue.message, rule: issue.code === "custom" }];
  }
  const here = valueAt(value, path);
  const known = schemasAt(schema, path, value);
  const allowed = known.filter(({ not }) => !not);
  const schemas = allowed.length > 0 ? allowed : known;
  const expected = expectation(schemas);
  const last = path.at(-1);
  if (here === undefined && last !== undefined) {
    const text = `missing; expected ${expected}`;
    return [{ path, part: "key", text, missing: String(last) }];
  }
  const hint = here === null ? " (is it indented below its key?)" : "";
  const text = `found ${spell(here)}${hint}, expected ${expected}${advice(here, schemas)}`;
  return [{ path, part: "value", text }];
}

function validKeys(keys: readonly string[], name: string | undefined): string {
  if (name !== undefined) return `; ${name} takes ${keys.join(", ") || "no options"}`;
  return keys.length === 0 ? "; no keys are expected here" : `; valid keys: ${keys.join(", ")}`;
}

/** Advice for an unexpected text, and for a value that is a text only in quotes. */
function advice(value: unknown, schemas: readonly JsonSchema[]): string {
  if (typeof value === "number" || typeof value === "boolean") {
    const isText = schemas.some((schema) =>
      schema.type === "string" && !schema.enum && schema.const === undefined
    );
    return isText ? `; in quotes it is one: "${value}"` : "";
  }
  if (typeof value !== "string") return "";
  const entry = schemas.find((schema) => namesOf(schema).includes(value)) ??
    schemas.find((schema) => schema.properties?.[value]?.required)?.properties?.[value];
  if (entry) {
    const needed = entry.required?.filter((key) => !entry.properties?.name || key !== "name") ?? [];
    return needed.length > 0
      ? `; ${value} needs options: ${needed.join(", ")}`
      : `; write { name: ${value} }`;
  }
  const meant = nearestName(value, [...choicesOf(schemas), ...schemas.flatMap(namesOf)]);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** Keys that may have a value; a key that takes none only exists for its message. */
function keysOf(schemas: readonly JsonSchema[]): string[] {
  const entries = schemas.flatMap((schema) => Object.entries(schema.properties ?? {}));
  return [...new Set(entries.filter(([, { not }]) => !not).map(([key]) => key))];
}

/**
 * The dotted paths at which `key` would be valid, shallowest first; `name` is valid nearly
 * anywhere.
 */
function placesOf(root: JsonSchema, key: string): string[] {
  if (key === "name") return [];
  let level: [string, JsonSchema][] = [["", root]];
  while (level.length > 0) {
    const places = level.filter(([, schema]) => Object.hasOwn(schema.properties ?? {}, key));
    if (places.length > 0) return places.map(([path]) => path + key);
    level = level.flatMap(([path, schema]) =>
      Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
        branchesOf(inner, undefined).map((branch): [string, JsonSchema] => [
          `${path}${name}.`,
          branch,
        ])
      )
    );
  }
  return [];
}

/** What a value must be, in words. */
function expectation(schemas: readonly JsonSchema[]): string {
  const choices = [
    ...new Set(schemas.flatMap((s) => s.enum ?? (s.const !== undefined ? [s.const] : []))),
  ];
  const names = [...new Set(schemas.flatMap(namesOf))];
  const words = schemas.filter((s) => !s.enum && s.const === undefined && namesOf(s).length === 0)
    .map(kindInWords);
  if (names.length > 0) {
    const same = names.length === choices.length && names.every((name) => choices.includes(name));
    words.unshift(`a mapping with ${same ? "such a name" : `the name ${oneOf(names)}`}`);
  }
  if (choices.length > 0) words.unshift(oneOf(choices));
  return words.length > 0 ? [...new Set(words)].join(" or ") : "nothing";
}

function oneOf(choices: readonly unknown[]): string {
  return choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(", ")}`;
}

function kindInWords(schema: JsonSchema): string {
  switch (schema.type) {
    case "integer":
      return `an integer${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      return schema.minLength ? "a text that is not empty" : "a text";
    case "array": {
      if (schema.prefixItems) return `a list of ${schema.prefixItems.length} values`;
      const items = schema.items ? branchesOf(schema.items, undefined) : [];
      const scalars = items.every((item) => item.type !== "object");
      const list = schema.minItems ? "a list that is not empty" : "a list";
      return scalars ? `${list}, each item ${expectation(items)}` : list;
    }
    default: {
      const keys = keysOf([schema]);
      return keys.length > 0 ? `a mapping with keys among ${keys.join(", ")}` : "a mapping";
    }
  }
}

function range(schema: JsonSchema): string {
  const bounds = [
    schema.minimum !== undefined && `of at least ${schema.minimum}`,
    schema.exclusiveMinimum !== undefined && `above ${schema.exclusiveMinimum}`,
    schema.maximum !== undefined && `at most ${schema.maximum}`,
    schema.exclusiveMaximum !== undefined && `below ${schema.exclusiveMaximum}`,
  ].filter((bound) => bound !== false);
  return bounds.length > 0 ? ` ${bounds.join(" and ")}` : "";
}

/** A value in a few words, as it was found. */
export function spell(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function startsWith(path: ValuePath, prefix: ValuePath): boolean {
  return prefix.every((key, index) => key === path[index]);
}

function samePath(a: ValuePath, b: ValuePath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
