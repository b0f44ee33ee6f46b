/** What the operating system refuses: no defect of ours, but something to be told to a person. */
import { InputError, RunError, type UserError } from "../errors.ts";

const DISK_FULL = "the disk is full";

/** Why the system refused, in its words; undefined for an error that is no refusal. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return undefined;
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return DISK_FULL;
  return typeof code === "string" ? error.message : undefined;
}

/** As {@link refusalOf}, without the path that the system adds, which may be one that no person named. */
export function bareRefusalOf(error: unknown): string | undefined {
  return refusalOf(error)?.replace(/ \(os error \d+\).*$/s, "");
}

/** What Deno did not allow, as an error for a person. */
export function explainPermission(error: Deno.errors.NotCapable): UserError {
  const place = /^Requires all access to (".*"),/.exec(error.message)?.[1];
  return place === undefined
    ? new RunError(`Deno was not allowed something that is needed: ${error.message}`)
    : new InputError(
      `Deno keeps programs out of ${place}, as of all in /dev, /proc and /sys, whatever they are ` +
        "allowed; name another place",
    );
}

/**
 * A refusal to write at `path` as a sentence for a person: RunError where the disk is full, else
 * InputError with the way out that `advice` names. Other errors are returned as they are.
 */
export function explainRefusal(
  path: string,
  error: unknown,
  advice = "choose another place",
): unknown {
  const refusal = bareRefusalOf(error);
  if (refusal === undefined) return error;
  return refusal === DISK_FULL
    ? new RunError(`${path}: ${refusal}; free some space, then run the command again`, {
      cause: error,
    })
    : new InputError(`${path}: cannot be written: ${refusal}; ${advice}`, { cause: error });
}
