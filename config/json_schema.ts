/**
 * `schema.json`: the config's JSON Schema, with which editors complete and explain a config.
 * `deno task schema` writes it; a test holds it to `schema.ts`.
 */

import { z } from "zod";
import { configSchema } from "./schema.ts";

/** A JSON Schema node, as far as this project's schema uses the language. */
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
  [keyword: string]: unknown;
}

/** The config's JSON Schema (draft 2020-12). The `name` of a run may be left out of a file. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // zod bounds every integer by what a double holds exactly; that helps no reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }) as JsonSchema;
  schema.required = ["data", "model"];
  return { title: "Overfold config", ...schema };
}

/** The text of `schema.json`. */
export function schemaFileText(): string {
  return JSON.stringify(configJsonSchema(), null, 2) + "\n";
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../schema.json", import.meta.url), schemaFileText());
}
