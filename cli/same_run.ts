/** Whether a run that is to go on is the run its checkpoint came from. */

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { configJsonSchema } from "../config/json_schema.ts";
import { parseStored } from "../config/load.ts";
import { type Config, configSchema } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { keywordAt, withNames } from "../schema/json.ts";
import { isRecord } from "../schema/record.ts";
import type { RunIdentity } from "../training/run_folder.ts";

/**
 * Compares the config a run is to go on with to the one of its checkpoint, both as this version
 * reads them. What may differ is marked in the config's schema.
 *
 * @param path the checkpoint's file, for errors
 * @returns what to warn of: changes after which the run does not end as it would have
 * @throws InputError when the network, the images or the recipe have changed
 */
export function checkSameRun(
  checkpoint: Checkpoint,
  path: string,
  config: Config,
  backend: RunIdentity["backend"],
): string[] {
  const schema = configJsonSchema();
  const before = fullyWritten(parseStored(checkpoint.config, path).config);
  const now = fullyWritten(config);
  const differences = differencesOf(before, now)
    .map((difference) => ({
      ...difference,
      resume: keywordAt(schema, difference.path, now, "resume"),
    }))
    .filter(({ resume }) => resume !== "free");
  const refused = differences.filter(({ resume }) => resume !== "extends");
  if (refused.length > 0) {
    throw new InputError(
      "this run was started with another config; give it the old values, choose another " +
        `--output, or start anew with --force:\n  ${refused.map(describe).join("\n  ")}`,
    );
  }
  return [
    ...differences.map((difference) => `the config has changed: ${describe(difference)}`),
    ...(checkpoint.backend.description === backend.description ? [] : [
      `the run was computed by ${checkpoint.backend.description}, now by ` +
      `${backend.description}; the last bits of the result may differ from an unbroken run's`,
    ]),
  ];
}

/** A config in which no choice is a name alone, so that both ways to write one are equal. */
function fullyWritten(config: Config): Config {
  return configSchema.parse(withNames(configJsonSchema(), config));
}

interface Difference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly now: unknown;
}

function describe({ path, before, now }: Difference): string {
  const shown = (value: unknown) => JSON.stringify(value) ?? "not set";
  return `${path.join(".")} was ${shown(before)}, is ${shown(now)}`;
}

/** The leaves at which two pieces of plain data differ. */
function differencesOf(
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
