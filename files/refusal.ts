/** Refusals by the operating system: not defects, but problems to explain to the user. */
import { InputError, RunError, type UserError } from "../errors.ts";

const DISK_FULL = "the disk is full";

/** The system's reason for a refusal; undefined for other errors. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return undefined;
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return DISK_FULL;
  return typeof code === "string" ? error.message : undefined;
}

/** Like {@link refusalOf}, without the path that the system adds, which the user may not know. */
export function bareRefusalOf(error: unknown): string | undefined {
  return refusalOf(error)?.replace(/ \(os error \d+\).*$/s, "");
}

/** Explains a permission that Deno refused. */
export function explainPermission(error: Deno.errors.NotCapable): UserError {
  const place = /^Requires all access to (".*"),/.exec(error.message)?.[1];
  return place === undefined
    ? new RunError(`a permission is missing: ${error.message}`)
    : new InputError(
      `Deno gives programs no access to ${place}, nor to anything else in /dev, /proc and /sys; ` +
        "name another place",
    );
}

/**
 * Explains a refusal to write at `path`: RunError if the disk is full, else InputError with `advice`.
 * Other errors are returned as they are.
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
