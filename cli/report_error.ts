import manifest from "../deno.json" with { type: "json" };
import { EXIT, stackOf, UserError } from "../errors.ts";
import { missingLibrary } from "../files/library.ts";
import { explainPermission } from "../files/refusal.ts";
import { launchedRank, letLauncherForward } from "../ranks/launcher.ts";
import { abridged } from "../reporting/format.ts";
import type { Progress } from "../reporting/progress.ts";
import { UsageError } from "./command.ts";

/** Longest message: an untrusted file's contents may be part of an error. */
const MAX_SHOWN = 20_000;

/**
 * Reports an error to the user; of several ranks the first one reports mistakes in the command line.
 *
 * @param by which rank met it, before its message. Default: none
 * @returns the exit code
 */
export function reportError(thrown: unknown, progress: Progress, by = ""): number {
  progress.finish();
  const error = missingLibrary(thrown) ?? thrown;
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.failure;
  if (error instanceof UsageError && launchedRank() > 0) {
    // Open MPI ends all ranks when one fails: the first rank needs time to start and print.
    letLauncherForward(3_000);
    return error.exitCode;
  }
  if (error instanceof UserError) {
    progress.print(`error: ${by}${abridged(error.message, MAX_SHOWN)}`);
    return error.exitCode;
  }
  if (error instanceof Deno.errors.NotCapable) {
    const { message, exitCode } = explainPermission(error);
    progress.print(`error: ${by}${message}`);
    return exitCode;
  }
  progress.print(
    `error: ${by}this is a bug in Overfold ${manifest.version}, not your mistake; ` +
      `please report it with the following lines\n${stackOf(error)}`,
  );
  return EXIT.failure;
}
