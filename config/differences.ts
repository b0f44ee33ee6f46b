/** How two configs differ. */

import { withNames } from "../schema/json.ts";
import { isRecord } from "../schema/record.ts";
import { configJsonSchema } from "./json_schema.ts";
import { type Config, configSchema } from "./schema.ts";

/** A leaf at which two configs differ. */
export interface Difference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly now: unknown;
}

/** The leaves at which two configs that are {@link fullyWritten} differ. */
export function differencesOf(
  before: unknown,
  now: unknown,
  path: readonly string[] = [],
): Difference[] {
  if (isRecord(before) && isRecord(now)) {
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) =>
      differencesOf(before[name], now[name], [...path, name])
    );
  }
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ path, before, now }];
}

/**
 * A config in which nothing is written in short, so that both ways to write it are equal. Whose shards
 * are `auto` is of a single process: runs of several say how many they have.
 */
export function fullyWritten({ threads, ...config }: Config): Config {
  const { shards } = config.data;
  return configSchema.parse({
    ...withNames(configJsonSchema(), {
      ...config,
      data: { ...config.data, shards: shards === "auto" ? 1 : shards },
    }) as object,
    threads: isRecord(threads) ? threads : { count: threads },
  });
}
