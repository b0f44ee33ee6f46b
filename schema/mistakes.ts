/** Turns what zod finds wrong with options or a config into sentences for a person. */

import {
  branchesOf,
  choicesOf,
  type JsonSchema,
  namesOf,
  schemasAt,
  valueAt,
  type ValuePath,
} from "./json.ts";
import { nearestName } from "./nearest.ts";
import type { z } from "./zod.ts";

type Issue = z.core.$ZodIssue;

/** A mistake at a place. */
export interface Mistake {
  path: ValuePath;
  /** Whether the key is wrong or its value. */
  part: "key" | "value";
  text: string;
}

interface Found extends Mistake {
  /** The key that is not there. */
  missing?: string;
  /** Whether the schema knows no such key. */
  unknown?: boolean;
  /** The key that an unknown one was probably meant to be. */
  meant?: string;
  /** Whether a rule about several keys is broken. */
  rule?: boolean;
}

/** Describes every issue: what was found, what was expected, the nearest valid name. */
export function mistakesOf(
  issues: readonly Issue[],
  value: unknown,
  schema: JsonSchema,
): Mistake[] {
  const found = issues.flatMap(settleUnion).flatMap((issue) => describe(issue, value, schema));
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

function describe(issue: Issue, value: unknown, schema: JsonSchema): Found[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const valid = keysOf(schemasAt(schema, path, value));
    return issue.keys.map((key) => {
      if (valid.includes(key)) {
        const others = Object.keys(valueAt(value, path) as object).filter((other) => other !== key);
        const text = `does not go together with ${others.join(", ")}; give one or the other`;
        return { path: [...path, key], part: "key", text };
      }
      const meant = nearestName(key, valid) ??
        placesOf(schema, key).find((place) => place !== [...path, key].join("."));
      const remedy = meant === undefined
        ? valid.length === 0 ? "; no keys are expected here" : `; valid keys: ${valid.join(", ")}`
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
    return [{ path, part: "value", text: issue.message, rule: issue.code === "custom" }];
  }
  const here = valueAt(value, path);
  const schemas = schemasAt(schema, path, value);
  const expected = expectation(schemas);
  const last = path.at(-1);
  if (here === undefined && last !== undefined) {
    return [{ path, part: "key", text: `missing; expected ${expected}`, missing: String(last) }];
  }
  const text = `found ${spell(here)}, expected ${expected}${advice(here, schemas)}`;
  return [{ path, part: "value", text }];
}

/** What to do about a text where another was expected. */
function advice(value: unknown, schemas: readonly JsonSchema[]): string {
  if (typeof value !== "string") return "";
  const entry = schemas.find((schema) => namesOf(schema).includes(value)) ??
    schemas.find((schema) => schema.properties?.[value]?.required)?.properties?.[value];
  if (entry) {
    const needed = entry.required?.filter((key) => !entry.properties?.name || key !== "name");
    return `; ${value} needs options: ${needed?.join(", ")}`;
  }
  const meant = nearestName(value, [...choicesOf(schemas), ...schemas.flatMap(namesOf)]);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** Keys that may have a value; what takes none is there to say so. */
function keysOf(schemas: readonly JsonSchema[]): string[] {
  const entries = schemas.flatMap((schema) => Object.entries(schema.properties ?? {}));
  return [...new Set(entries.filter(([, { not }]) => !not).map(([key]) => key))];
}

/** The dotted paths at which `key` would be valid, shallowest first. */
function placesOf(root: JsonSchema, key: string): string[] {
  let level: [string, JsonSchema][] = [["", root]];
  while (level.length > 0) {
    const places = level.filter(([, schema]) => schema.properties?.[key]);
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
  const names = schemas.flatMap(namesOf);
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
      return scalars ? `a list, each item ${expectation(items)}` : "a list";
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

function spell(value: unknown): string {
  if (value === null || value === undefined) return "nothing (is it indented below its key?)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function samePath(a: ValuePath, b: ValuePath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
