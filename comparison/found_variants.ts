/** Finds what varies between runs that were not planned as a comparison. */

import { differencesOf, fullyWritten } from "../config/differences.ts";
import { configJsonSchema } from "../config/json_schema.ts";
import type { Config } from "../config/schema.ts";
import { keywordAt, valueAt } from "../schema/json.ts";
import type { Setting } from "./comparison.ts";
import { nameOf, type Variant } from "./variants.ts";

/**
 * The variants of configs, one for each config, in order. Configs are of the same variant if they differ
 * only in the seed and in keys without effect on results, however they are written.
 *
 * @param alone name of the variant if there is only one
 */
export function variantsAmong(configs: readonly Config[], alone: string): Variant[] {
  const full = configs.map(fullyWritten);
  const keys = varyingKeys(full).map((key) => key.split("."));
  const groups: { readonly values: readonly unknown[]; readonly written: Setting[][] }[] = [];
  const groupOf = configs.map((config, i) => {
    const values = keys.map((path) => valueAt(full[i], path) ?? null);
    const written = keys.map((path, k) => ({
      key: path.join("."),
      value: valueAt(config, path) ?? values[k],
    }));
    let group = groups.find((one) => differencesOf({ ...one.values }, { ...values }).length === 0);
    if (!group) groups.push(group = { values, written: [] });
    group.written.push(written);
    return group;
  });
  const variants = new Map(groups.map((group): [unknown, Variant] => {
    const [shortest] = group.written.map((settings) => ({ name: nameOf(settings), settings }))
      .toSorted((a, b) => a.name.length - b.name.length);
    return [group, keys.length === 0 ? { name: alone, settings: [] } : shortest];
  }));
  return groupOf.map((group) => variants.get(group)!);
}

/** The default baseline: plain convolutions, or the first variant. */
export function plainOf(variants: readonly Variant[]): string | undefined {
  const isPlain = ({ settings }: Variant) =>
    settings.some(({ key, value }) => key === "model.convolution" && value === "conv");
  return (variants.find(isPlain) ?? variants[0])?.name;
}

/** The paths where configs differ; if names differ, their options differ too, and only the name counts. */
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
