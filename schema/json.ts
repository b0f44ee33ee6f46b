/** JSON Schemas of zod schemas: for editors, and for describing mistakes. */
import { z } from "./zod.ts";

/** The path from a root to one of its values. */
export type ValuePath = readonly PropertyKey[];

/** A JSON Schema node, as far as this project's schemas use it. */
export interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | false;
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  minItems?: number;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  description?: string;
  default?: unknown;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  [keyword: string]: unknown;
}

/** Schemas without references: mistakes in configs and options are described with them. */
const plain = new WeakMap<z.ZodType, JsonSchema>();

/**
 * The JSON Schema (draft 2020-12) of what `schema` accepts.
 *
 * @param options with `references` a part that has an `id` stands in `$defs` and is referred to
 */
export function jsonSchemaOf(schema: z.ZodType, { references = false } = {}): JsonSchema {
  if (references) return wholeSchema(schema);
  const made = plain.get(schema) ?? withoutReferences(wholeSchema(schema));
  plain.set(schema, made);
  return made;
}

function wholeSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // zod bounds every integer by the range that a double represents exactly, which helps no
      // reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }) as JsonSchema;
}

/** The schema at `path` as it is written, unions and all; of several the first. */
export function nodeAt(root: JsonSchema, path: ValuePath): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>(
    (node, key) =>
      node && branchesOf(node, undefined).map((branch) => nodeOf(branch, key)).find(Boolean),
    root,
  );
}

/** Every schema that may apply at `path`: all branches of unions, told apart by `name` where set. */
export function schemasAt(root: JsonSchema, path: ValuePath, value: unknown): JsonSchema[] {
  return partsAlong(root, path, value).at(-1)!;
}

/** The value of `keyword` at `path` or at one of its parents; the outermost counts. */
export function keywordAt(
  root: JsonSchema,
  path: ValuePath,
  value: unknown,
  keyword: string,
): unknown {
  return partsAlong(root, path, value).flat().find((schema) => keyword in schema)?.[keyword];
}

/** Every schema that may apply to the root and to each further part on the way along `path`. */
function partsAlong(root: JsonSchema, path: ValuePath, value: unknown): JsonSchema[][] {
  const parts = [branchesOf(root, value)];
  let here = value;
  for (const key of path) {
    here = valueAt(here, [key]);
    parts.push(parts.at(-1)!.flatMap((schema) => partOf(schema, key, here)));
  }
  return parts;
}

function partOf(schema: JsonSchema, key: PropertyKey, value: unknown): JsonSchema[] {
  const node = nodeOf(schema, key);
  return node ? branchesOf(node, value) : [];
}

function nodeOf(schema: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  return typeof key === "number"
    ? schema.prefixItems?.[key] ?? schema.items
    : schema.properties?.[String(key)] ?? (schema.additionalProperties || undefined);
}

/** The branches of a union that may apply to `value`; a schema that is no union by itself. */
export function branchesOf(schema: JsonSchema, value: unknown): JsonSchema[] {
  const { anyOf, oneOf, ...shared } = schema;
  const branches = anyOf ?? oneOf;
  if (!branches) return [schema];
  const name = valueAt(value, ["name"]);
  const named = branches.filter((branch) => namesOf(branch).some((known) => known === name));
  return (named.length > 0 ? named : branches).flatMap((branch) =>
    branchesOf({ ...shared, ...branch }, value)
  );
}

/** The names of a mapping that is distinguished by its `name`. */
export function namesOf({ properties }: JsonSchema): string[] {
  return properties?.name ? choicesOf([properties.name]) : [];
}

/** Keys that may have a value; a key that takes none only exists for its message. */
export function keysOf(schemas: readonly JsonSchema[]): string[] {
  const entries = schemas.flatMap((schema) => Object.entries(schema.properties ?? {}));
  return [...new Set(entries.filter(([, { not }]) => !not).map(([key]) => key))];
}

/** The texts that a value may be. */
export function choicesOf(schemas: readonly JsonSchema[]): string[] {
  const choices = schemas.flatMap((schema) => schema.enum ?? [schema.const]);
  return choices.filter((choice) => typeof choice === "string");
}

/** The value at a path; undefined if there is none. Inherited members do not count. */
export function valueAt(value: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (here, key) =>
      typeof here === "object" && here !== null && Object.hasOwn(here, key)
        ? (here as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** Whether `value` at `path` is the name of a choice that may also be a mapping with options. */
export function isName(root: JsonSchema, path: ValuePath, value: string): boolean {
  return schemasAt(root, path, undefined).some((schema) => namesOf(schema).includes(value));
}

/** `value` with each choice that is a name alone written as a mapping, `{ name }`. */
export function withNames(root: JsonSchema, value: unknown): unknown {
  const expand = (schemas: readonly JsonSchema[], value: unknown): unknown => {
    const expandPart = (key: PropertyKey, part: unknown) =>
      expand(schemas.flatMap((schema) => partOf(schema, key, part)), part);
    if (Array.isArray(value)) return value.map((item, i) => expandPart(i, item));
    if (typeof value === "object" && value !== null) {
      const parts = Object.entries(value).map(([key, part]) => [key, expandPart(key, part)]);
      return Object.fromEntries(parts);
    }
    const isName = schemas.some((schema) => namesOf(schema).some((name) => name === value));
    return isName ? { name: value } : value;
  };
  return expand(branchesOf(root, value), value);
}

/**
 * The same schema with every reference (`$ref`) replaced by its part. A part that refers to a
 * parent becomes a cycle.
 */
function withoutReferences({ $defs = {}, ...schema }: JsonSchema): JsonSchema {
  const parts = new Map<string, JsonSchema>();
  const merges: (() => void)[] = [];
  const partAt = (reference: string): JsonSchema => {
    const known = parts.get(reference);
    if (known) return known;
    const part: JsonSchema = {};
    parts.set(reference, part);
    return Object.assign(part, resolved($defs[reference.slice("#/$defs/".length)]));
  };
  const resolved = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolved);
    if (typeof node !== "object" || node === null) return node;
    const { $ref, ...own } = node as JsonSchema;
    const copy = Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, resolved(value)]),
    );
    if ($ref !== undefined) {
      const part = partAt($ref);
      // Once all parts are whole; one that is being resolved is not yet.
      merges.push(() => Object.assign(copy, { ...part, ...copy }));
    }
    return copy;
  };
  const whole = resolved(schema) as JsonSchema;
  merges.forEach((merge) => merge());
  return whole;
}
