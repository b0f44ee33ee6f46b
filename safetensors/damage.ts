/** Errors of readers that do not trust the files they read. */
import { InputError, messageOf, UserError } from "../errors.ts";

/**
 * The result of `read`, which parses data from a file and does not name the file in its errors: each
 * becomes an InputError that begins with `path`. An error not meant for the user is reported as damage
 * to `part` of the file.
 */
export function orDamaged<T>(path: string, part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) {
      throw new InputError(`${path}: ${error.message}`, { cause: error });
    }
    const reason = messageOf(error);
    throw new InputError(`${path}: ${part} in this file is damaged (${reason}); use another file`, {
      cause: error,
    });
  }
}
