/**
 * `schema.json`: the config's JSON Schema, from which editors complete and explain a config. `deno
 * task schema` writes it; a test compares it with `schema.ts`.
 */

import { type JsonSchema, jsonSchemaOf } from "../schema/json.ts";
import { configSchema } from "./schema.ts";

/** The config's JSON Schema. The `name` of a run may be left out of a file. */
export function configJsonSchema(options: { references?: boolean } = {}): JsonSchema {
  const schema = jsonSchemaOf(configSchema, options);
  const patternProperties = { "^x-": { description: "A place for anchors; not read otherwise" } };
  return { title: "Overfold config", ...schema, patternProperties, required: ["data", "model"] };
}

/** The text of `schema.json`. */
export function schemaFileText(): string {
  return JSON.stringify(configJsonSchema({ references: true }), null, 2) + "\n";
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../schema.json", import.meta.url), schemaFileText());
}
