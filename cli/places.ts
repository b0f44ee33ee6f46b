/**
 * Places of images that configs name. A config that came with a network may name any folder of this
 * machine; it is read only if the user has named it, on this command line or for an earlier training.
 */

import { createHash } from "node:crypto";
import { join, resolve } from "@std/path";
import { configJsonSchema } from "../config/json_schema.ts";
import type { ConfigFile } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { optionalCache } from "../files/cache.ts";
import { exists } from "../files/exists.ts";
import { fromHome } from "../files/home.ts";
import { refusalOf } from "../files/refusal.ts";
import { keywordAt } from "../schema/json.ts";

interface Place {
  /** Such as `data.dataset.root`. */
  readonly key: string;
  /** As written there: a folder, a file or a pattern. */
  readonly text: string;
}

/** Remembers the places in a config that the user trains with. */
export async function rememberPlaces(config: Config): Promise<void> {
  if (!optionalCache()?.isWritable) return;
  for (const { text } of placesOf(config)) {
    const file = fileOf(text);
    if (file === undefined || await exists(file)) continue;
    try {
      await writeFileAtomic(file, `${resolve(fromHome(text))}\n`);
    } catch (error) {
      // Then the user has to name it again.
      if (refusalOf(error) === undefined) throw error;
    }
  }
}

/**
 * Throws InputError for a config that came with a network and names a place that the user has not.
 *
 * @param set the user's assignments `key=value`
 */
export async function requireNamed(
  { config, at }: ConfigFile,
  set: readonly string[],
): Promise<void> {
  const named = set.map((assignment) => assignment.split("=", 1)[0]);
  for (const { key, text } of placesOf(config)) {
    if (named.some((start) => key === start || key.startsWith(`${start}.`))) continue;
    const file = fileOf(text);
    if (file !== undefined && await exists(file)) continue;
    at(key, () => {
      throw new InputError(
        `${text} is where the config of this network expects its images, but no training here has used that ` +
          `place; to allow it, add --set ${key}=${text}, or name a config with --config`,
      );
    });
  }
}

/** The places that a config names for its images; a resumed training may change them. */
function placesOf({ data }: Config): Place[] {
  const schema = configJsonSchema();
  const options = typeof data.dataset === "string" ? {} : data.dataset;
  const isPlace = (option: string) =>
    keywordAt(schema, ["data", "dataset", option], { data }, "resume") === "free";
  return [
    ...(data.root === undefined ? [] : [{ key: "data.root", text: data.root }]),
    ...Object.entries(options).filter(([option]) => isPlace(option)).flatMap(([option, value]) =>
      [value].flat().map((text) => ({ key: `data.dataset.${option}`, text: String(text) }))
    ),
  ];
}

/** The file that remembers a place; undefined without a cache. */
function fileOf(text: string): string | undefined {
  const cache = optionalCache();
  const name = createHash("sha256").update(resolve(fromHome(text))).digest("hex").slice(0, 32);
  return cache && join(cache.folder, "places", name);
}
