/** Options to build any entry of a registry, so that tests cover every entry. */
import type { Entry } from "../../schema/entry.ts";
import { branchesOf, type JsonSchema, jsonSchemaOf } from "../../schema/json.ts";

/** A value for each required option of an entry: the smallest number, the first choice. */
export function exampleOptions({ schema }: Entry): Record<string, unknown> {
  return exampleOf(jsonSchemaOf(schema)) as Record<string, unknown>;
}

function exampleOf(schema: JsonSchema): unknown {
  const [node] = branchesOf(schema, undefined);
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum[0];
  switch (node.type) {
    case "integer":
    case "number":
      return node.minimum ?? (node.exclusiveMinimum ?? 0) + 1;
    case "boolean":
      return false;
    case "string":
      return "example";
    case "array":
      return (node.prefixItems ?? Array(node.minItems ?? 0).fill(node.items)).map(exampleOf);
    default:
      return Object.fromEntries(
        (node.required ?? []).map((key) => [key, exampleOf(node.properties![key])]),
      );
  }
}
