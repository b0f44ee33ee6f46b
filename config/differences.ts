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
 * A config with every short form written out, so that equivalent configs are equal. `shards: auto`
 * stands for a single process: runs of several ranks store their number.
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
