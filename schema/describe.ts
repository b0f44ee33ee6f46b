/** Turns zod's issues with options or a config into sentences for the user. */
import {
  branchesOf,
  choicesOf,
  type JsonSchema,
  keysOf,
  namesOf,
  schemasAt,
  valueAt,
  type ValuePath,
} from "./json.ts";
import { nearestName } from "./nearest.ts";
import { expectation, spell } from "./words.ts";
import type { z } from "./zod.ts";

/** A mistake as zod reports it. */
export type Issue = z.core.$ZodIssue;

/** Maximum number of issues that are described, and of unknown keys in one. */
export const MAX_ISSUES = 100;

/** A mistake at a place. */
export interface Mistake {
  path: ValuePath;
  /** Whether the key is wrong or its value. */
  part: "key" | "value";
  text: string;
}

/** A mistake with what decides whether it is reported. */
export interface Found extends Mistake {
  missing?: string;
  /** Whether the schema knows no such key. */
  unknown?: boolean;
  /** The key that an unknown one was probably meant to be. */
  meant?: string;
  /** Whether a rule about several keys is broken. */
  rule?: boolean;
}

/** Describes an issue with `value`; one about unknown keys becomes a mistake for each key. */
export function describe(
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
