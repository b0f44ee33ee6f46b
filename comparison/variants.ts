/** What a comparison varies: keys of a config, and the values that each takes in turn. */

import { LineCounter, stringify } from "yaml";
import { parseYaml } from "../config/yaml.ts";
import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";
import type { Setting } from "./comparison.ts";

/** One way to train that is compared to others. */
export interface Variant {
  /** Its values, for a person: `do_conv`, or `do_conv, 0.1`. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** Keys that are not varied by their values, and why. */
const OWN_KEYS: Readonly<Record<string, string>> = {
  seed: "every variant is trained with the same seeds; say how many with --seeds",
  name: "runs are named for what is varied",
  output: "all runs go into one folder, --output",
};

/**
 * Every combination of values, the first of each key first; those of the last key change fastest.
 * Throws InputError for assignments that are not `key=value,value`, the values in YAML.
 *
 * @param alone what the only variant is called if nothing is varied
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

/** Settings as assignments `key=value`, which overrides of a config are. */
export function overridesOf(settings: readonly Setting[]): string[] {
  return settings.map(({ key, value }) => `${key}=${JSON.stringify(value)}`);
}

/** Characters of a folder's name at most. */
const MAX_CHARACTERS = 60;

/** Names fit for folders, one for each variant, in order. */
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
      `--vary ${assignment}: expected key=value,value, as in model.convolution=conv,do_conv`,
    );
  }
  if (Object.hasOwn(OWN_KEYS, key)) throw new InputError(`--vary ${key}: ${OWN_KEYS[key]}`);
  const { value: values, problems: [problem] } = parseYaml(
    `[${assignment.slice(equals + 1)}]`,
    new LineCounter(),
  );
  if (problem) throw new InputError(`--vary ${key}: ${problem.message}`);
  if (!Array.isArray(values) || values.length === 0) {
    throw new InputError(`--vary ${key}: found no value, expected some, with commas between them`);
  }
  const texts = values.map((value) => JSON.stringify(value));
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) throw new InputError(`--vary ${key}: found ${twice} twice`);
  return values.map((value) => ({ key, value }));
}

/** What a variant is called: its values. */
export function nameOf(settings: readonly Setting[]): string {
  return settings.map(({ value }) =>
    isRecord(value) || Array.isArray(value)
      ? stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()
      : String(value)
  ).join(", ");
}
