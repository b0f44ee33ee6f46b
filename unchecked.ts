/**
 * The command line in a process that V8's flags make faster and less safe (docs/cpu.md): the entry
 * point of `deno task train` and `deno task bench`.
 *
 * Without bounds checks a wrong address in any WebAssembly corrupts the process instead of
 * trapping. So only commands run here that load no WebAssembly but Overfold's own kernels.
 */
import { main } from "./cli.ts";
import { EXIT } from "./errors.ts";

/** The commands that may run here; `deno.json` has a task `COMMAND:safe` for each. */
export const UNCHECKED_COMMANDS: readonly string[] = ["train", "bench"];

/** What is wrong with the arguments here. */
function mistakeIn([command, ...args]: readonly string[]): string | undefined {
  if (!UNCHECKED_COMMANDS.includes(command)) {
    return `"${command}" does not run without bounds checks; use cli.ts`;
  }
  if (args.includes("--safe")) return `instead of --safe run: deno task ${command}:safe`;
}

if (import.meta.main) {
  const mistake = mistakeIn(Deno.args);
  if (mistake !== undefined) console.error(`error: ${mistake}`);
  Deno.exit(mistake === undefined ? await main(Deno.args, undefined, "deno task") : EXIT.badInput);
}
