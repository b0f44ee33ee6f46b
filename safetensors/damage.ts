/** What readers of files share that trust nothing they read. */
import { InputError, UserError } from "../errors.ts";

/**
 * The result of `read`, which works on data from a file and does not name it in its errors: they all
 * become InputErrors that begin with `path`. One that is not meant for the user calls `part` of the
 * file damaged.
 */
export function orDamaged<T>(path: string, part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) {
      throw new InputError(`${path}: ${error.message}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${path}: ${part} in this file is damaged (${reason}); use another file`, {
      cause: error,
    });
  }
}
