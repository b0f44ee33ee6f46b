/** What is said of an error that ends a command, and the exit code that stands for it. */

import manifest from "../deno.json" with { type: "json" };
import { EXIT, UserError } from "../errors.ts";
import { missingLibrary } from "../files/library.ts";
import { explainPermission } from "../files/refusal.ts";
import { abridged } from "../reporting/format.ts";
import type { Progress } from "../reporting/progress.ts";

/** Characters of an error at most: it may tell what is in a file of a stranger, all of it. */
const MAX_SHOWN = 20_000;

/**
 * Tells a person of an error.
 *
 * @param by who met it, before its message. Default: nobody in particular
 * @returns the exit code
 */
export function tellError(thrown: unknown, progress: Progress, by = ""): number {
  progress.finish();
  const error = missingLibrary(thrown) ?? thrown;
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.failure;
  if (error instanceof UserError) {
    progress.print(`error: ${by}${abridged(error.message, MAX_SHOWN)}`);
    return error.exitCode;
  }
  if (error instanceof Deno.errors.NotCapable) {
    const { message, exitCode } = explainPermission(error);
    progress.print(`error: ${by}${message}`);
    return exitCode;
  }
  const details = error instanceof Error ? error.stack ?? error.message : String(error);
  progress.print(
    `error: ${by}this is a defect in Overfold ${manifest.version}, not a mistake of yours; ` +
      `please report it with the lines below\n${details}`,
  );
  return EXIT.failure;
}
