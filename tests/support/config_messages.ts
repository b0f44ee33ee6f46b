/** Messages about configs with mistakes. */
import { assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";

/** A config without mistakes. */
export const MINIMAL = "data: {dataset: mnist}\nmodel: {name: do_conv_net}\n";

/** The message about a config `run.yaml` with overrides. */
export function messageOf(text: string, set: string[] = []): string {
  return assertThrows(() => parseConfig(text, "run.yaml", { set }), InputError).message;
}
