/** Whether a run that is to go on is the run its checkpoint came from. */

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { InputError } from "../errors.ts";
import type { RunIdentity } from "../training/run_folder.ts";

/** Keys that decide where and how often, not what is computed. */
const FREE_KEYS = [
  /^\$schema$/,
  /^name$/,
  /^output$/,
  /^backend$/,
  /^threads(\.|$)/,
  /^precision$/,
  /^fold$/,
  /^checkpoints\./,
  /^data\.(root|mirror|checksums)(\.|$)/,
  /^data\.evalBatchSize$/,
];
/** Keys whose change makes another run of it, which is allowed. */
const EXTENDING_KEYS = [/^training\.(epochs|validateEvery|logEvery)$/];

/**
 * Compares the config a run is to go on with to the one of its checkpoint.
 *
 * @returns what to warn of: changes after which the run does not end as it would have
 * @throws InputError when the network, the images or the recipe have changed
 */
export function checkSameRun(checkpoint: Checkpoint, identity: RunIdentity): string[] {
  const differences = differencesOf(checkpoint.config, identity.config)
    .filter(({ key }) => !FREE_KEYS.some((free) => free.test(key)));
  const refused = differences.filter(({ key }) => !EXTENDING_KEYS.some((free) => free.test(key)));
  if (refused.length > 0) {
    throw new InputError(
      "this run was started with another config; give it the old values, choose another " +
        `--output, or start anew with --force:\n  ${refused.map(describe).join("\n  ")}`,
    );
  }
  const { backend } = checkpoint;
  return [
    ...differences.map((difference) => `the config has changed: ${describe(difference)}`),
    ...(backend.description === identity.backend.description ? [] : [
      `the run was computed by ${backend.description}, now by ${identity.backend.description}; ` +
      "the last bits of the result may differ from an unbroken run's",
    ]),
  ];
}

interface Difference {
  /** Path of the key, such as `training.epochs`. */
  readonly key: string;
  readonly before: unknown;
  readonly now: unknown;
}

function describe({ key, before, now }: Difference): string {
  const shown = (value: unknown) => JSON.stringify(value) ?? "not set";
  return `${key} was ${shown(before)}, is ${shown(now)}`;
}

/** The leaves at which two pieces of plain data differ. */
function differencesOf(before: unknown, now: unknown, key = ""): Difference[] {
  if (isRecord(before) && isRecord(now)) {
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) =>
      differencesOf(before[name], now[name], key === "" ? name : `${key}.${name}`)
    );
  }
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ key, before, now }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
