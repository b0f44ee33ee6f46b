/** Configs of a few parts, which messages call `old.yaml`. */
import { assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { InputError } from "../../errors.ts";

/** Parts of a config as YAML; all but `threads` without their braces. */
export interface Parts {
  data?: string;
  model?: string;
  training?: string;
  threads?: string;
}

export function textOf(
  { data = "dataset: mnist", model = "name: resnet18", training = "", threads = "auto" }: Parts,
) {
  return `data: { ${data} }\nmodel: { ${model} }\ntraining: { ${training} }\nthreads: ${threads}\n`;
}

export function configOf(parts: Parts, ...set: string[]): Config {
  return parseConfig(textOf(parts), "old.yaml", { set }).config;
}

/** The hints about a config. */
export function hintsOf(parts: Parts, ...set: string[]): string[] {
  const hints: string[] = [];
  parseConfig(textOf(parts), "old.yaml", { set, onHint: (line) => hints.push(line) });
  return hints;
}

/** The mistakes in a config, a line each. */
export function mistakesOf(parts: Parts, ...set: string[]): string[] {
  return assertThrows(() => configOf(parts, ...set), InputError).message.split("\n");
}
