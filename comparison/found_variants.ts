/** What varies between runs that were not planned as a comparison. */

import { differencesOf, fullyWritten } from "../config/differences.ts";
import { configJsonSchema } from "../config/json_schema.ts";
import type { Config } from "../config/schema.ts";
import { keywordAt, valueAt } from "../schema/json.ts";
import { nameOf, type Variant } from "./variants.ts";

/**
 * The variants that configs are of, one for each config, in their order. Configs are of the same one if
 * they differ in nothing but the seed and what changes no result.
 *
 * @param alone what it is called if all are of one
 */
export function variantsAmong(configs: readonly Config[], alone: string): Variant[] {
  const full = configs.map(fullyWritten);
  const keys = varyingKeys(full);
  const found = new Map<string, Variant>();
  return configs.map((config, i) => {
    const settings = keys.map((key) => {
      const path = key.split(".");
      return { key, value: valueAt(config, path) ?? valueAt(full[i], path) ?? null };
    });
    const name = settings.length === 0 ? alone : nameOf(settings);
    const variant = found.get(name) ?? { name, settings };
    found.set(name, variant);
    return variant;
  });
}

/** Where configs differ; where they name different things, whose options differ too, that alone. */
function varyingKeys([first, ...others]: readonly Config[]): string[] {
  const schema = configJsonSchema();
  const paths = others.flatMap((other) => differencesOf(first, other).map(({ path }) => path))
    .filter((path) =>
      path.join() !== "seed" && keywordAt(schema, path, first, "resume") !== "free"
    );
  const named = new Set(
    paths.filter((path) => path.at(-1) === "name").map((path) => path.slice(0, -1).join(".")),
  );
  const keys = paths.map((path) => {
    const starts = path.map((_, i) => path.slice(0, i + 1).join("."));
    return starts.find((start) => named.has(start)) ?? starts.at(-1)!;
  });
  return [...new Set(keys)];
}
