/** What readers of files share that trust nothing they read. */
import { InputError, UserError } from "../errors.ts";

/**
 * The result of `read`, which works on data from a file. Any error it throws that is not meant for
 * the user becomes an InputError that calls `part` of the file at `path` damaged.
 */
export function orDamaged<T>(path: string, part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) throw located(path, error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${path}: ${part} in this file is damaged (${reason}); use another file`, {
      cause: error,
    });
  }
}

/** An error of what a file holds, with the file's name unless it has that already. */
function located(path: string, error: UserError): UserError {
  return error.message.startsWith(`${path}:`)
    ? error
    : new InputError(`${path}: ${error.message}`, { cause: error });
}

/** Whether parsed JSON is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
