/** Values and what schemas expect, in words. */
import { branchesOf, type JsonSchema, keysOf, namesOf } from "./json.ts";

/** What a value must be, in words. */
export function expectation(schemas: readonly JsonSchema[]): string {
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
