/** Whether a run to resume is the run its checkpoint came from. */

import manifest from "../deno.json" with { type: "json" };
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { type Difference, differencesOf, fullyWritten } from "../config/differences.ts";
import { configJsonSchema } from "../config/json_schema.ts";
import { parseStored } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { keywordAt } from "../schema/json.ts";
import { isRecord } from "../schema/record.ts";

/** Changes of a run's config, as text, by their consequences. */
interface Changes {
  /** The network, the images or the recipe. */
  readonly refused: readonly string[];
  /** What determines the last bits of its results. */
  readonly bits: readonly string[];
  /** What makes it end differently than it would have. */
  readonly extending: readonly string[];
}

/**
 * Compares the config of a run to resume with its checkpoint's, both as this version reads them. The
 * config's schema marks what may differ; a value that requests the computation that the checkpoint
 * records is no change.
 *
 * @param path the checkpoint's file, for errors
 */
export function changesSince(checkpoint: Checkpoint, path: string, config: Config): Changes {
  const schema = configJsonSchema();
  const now = fullyWritten(config);
  const before = fullyWritten(parseStored(checkpoint.config, path).config);
  const by = Map.groupBy(
    differencesOf(before, now).filter((difference) => !isRecorded(difference, checkpoint.backend)),
    (difference) => keywordAt(schema, difference.path, now, "resume"),
  );
  const [refused, bits, extending] = [undefined, "bits", "extends"].map((mark) =>
    (by.get(mark) ?? []).map(describe)
  );
  return { refused, bits, extending };
}

/**
 * Throws InputError unless the run of a checkpoint can be resumed with this config.
 *
 * @param path the checkpoint's file, for errors
 * @param options.otherBits whether what determines the last bits may have changed. Default: false
 * @returns warnings
 */
export function checkSameRun(
  checkpoint: Checkpoint,
  path: string,
  config: Config,
  { otherBits = false }: { readonly otherBits?: boolean } = {},
): string[] {
  const { refused, bits, extending } = changesSince(checkpoint, path, config);
  if (refused.length > 0) {
    throw new InputError(
      "this run was started with another config; restore the old values, choose another " +
        `--output, or start over with --force:\n  ${refused.join("\n  ")}`,
    );
  }
  // Checkpoints of earlier versions do not record what computed them, so nothing can be compared.
  if (bits.length > 0 && checkpoint.backend.numerics && !otherBits) {
    throw new InputError(
      "this run was computed differently; restore the old values, or resume with --other-bits, and the " +
        `last bits of the result differ from an uninterrupted run's:\n  ${bits.join("\n  ")}`,
    );
  }
  return extending.map((change) => `the config has changed: ${change}`);
}

/** Whether the present value requests what computed the checkpoint. */
function isRecorded(
  { path, now }: Difference,
  { name, numerics = {} }: Checkpoint["backend"],
): boolean {
  const isCpu = name === "cpu";
  switch (path.join(".")) {
    case "backend":
      return now === "auto" || now === name;
    case "threads.count":
      return !isCpu || now === "auto" || now === numerics.threads;
    case "threads.partition":
      return !isCpu || now === numerics.partition;
    case "precision":
      return isCpu ? now === numerics.precision : numerics.halfActivations === (now === "mixed");
    default:
      return false;
  }
}

/** What ranks that train together must have in common, by name. */
export function factsOf(config: Config): Record<string, string> {
  const schema = configJsonSchema();
  const written = fullyWritten(config);
  const facts: Record<string, string> = {
    Overfold: manifest.version,
    Deno: Deno.version.deno,
  };
  const visit = (value: unknown, path: readonly string[]) => {
    if (isRecord(value)) {
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name]);
    } else if (!["free", "bits"].includes(String(keywordAt(schema, path, written, "resume")))) {
      facts[path.join(".")] = JSON.stringify(value);
    }
  };
  visit(written, []);
  return facts;
}

function describe({ path, before, now }: Difference): string {
  const shown = (value: unknown) => JSON.stringify(value) ?? "not set";
  return `${path.join(".")} was ${shown(before)}, is ${shown(now)}`;
}
