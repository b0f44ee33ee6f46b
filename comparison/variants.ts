/** What a comparison varies: config keys and their values. */

import { LineCounter } from "yaml";
import { inYaml, parseYaml } from "../config/yaml.ts";
import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";
import type { Setting } from "./comparison.ts";

/** One way to train, to be compared with others. */
export interface Variant {
  /** Its values as text: `do_conv`, or `do_conv, 0.1`. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** Keys that cannot be varied, and why. */
const OWN_KEYS: Readonly<Record<string, string>> = {
  seed: "every variant is trained with the same seeds; set their number with --seeds",
  name: "runs are named after the varied values",
  output: "all runs go into one folder, --output",
};

/**
 * Every combination of values in order, those of the last key changing fastest. Throws InputError for
 * assignments that are not `key=value,value`, the values in YAML.
 *
 * @param alone name of the only variant if nothing is varied
 */
export function variantsOf(assignments: readonly string[], alone: string): Variant[] {
  if (assignments.length === 0) return [{ name: alone, settings: [] }];
  const varied = assignments.map(parseAssignment);
  const keys = varied.map(([{ key }]) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) {
    throw new InputError(`--vary ${twice}: found twice; name all values of a key together`);
  }
  return varied
    .reduce<Setting[][]>(
      (combinations, settings) =>
        combinations.flatMap((before) => settings.map((setting) => [...before, setting])),
      [[]],
    )
    .map((settings) => ({ name: nameOf(settings), settings }));
}

/** Settings as assignments `key=value`, which are overrides of a config. */
export function overridesOf(settings: readonly Setting[]): string[] {
  return settings.map(({ key, value }) => `${key}=${JSON.stringify(value)}`);
}

/** Longest folder name, in characters. */
const MAX_CHARACTERS = 60;

/** Names of variants that are valid folder names, in order. */
export function folderNamesOf(variants: readonly Variant[]): string[] {
  const taken = new Map<string, number>();
  return variants.map(({ name }) => {
    const fit = name.replaceAll(/[^\p{L}\p{N}.=-]+/gu, "_").replaceAll(/^[._]+|_+$/g, "")
      .slice(0, MAX_CHARACTERS);
    const count = (taken.get(fit) ?? 0) + 1;
    taken.set(fit, count);
    return count === 1 ? fit : `${fit}-${count}`;
  });
}

function parseAssignment(assignment: string): Setting[] {
  const equals = assignment.indexOf("=");
  const key = assignment.slice(0, Math.max(equals, 0)).trim();
  if (key === "") {
    throw new InputError(
      `--vary ${assignment}: expected key=value,value, such as model.convolution=conv,do_conv`,
    );
  }
  if (Object.hasOwn(OWN_KEYS, key)) throw new InputError(`--vary ${key}: ${OWN_KEYS[key]}`);
  const { value: values, problems: [problem] } = parseYaml(
    `[${assignment.slice(equals + 1)}]`,
    new LineCounter(),
  );
  if (problem) throw new InputError(`--vary ${key}: ${problem.message}`);
  if (!Array.isArray(values) || values.length === 0) {
    throw new InputError(`--vary ${key}: found no value, expected values separated by commas`);
  }
  const texts = values.map((value) => JSON.stringify(value));
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) throw new InputError(`--vary ${key}: found ${twice} twice`);
  return values.map((value) => ({ key, value }));
}

/** The name of a variant: its values. */
export function nameOf(settings: readonly Setting[]): string {
  return settings.map(({ value }) =>
    isRecord(value) || Array.isArray(value) ? inYaml(value) : String(value)
  ).join(", ");
}
