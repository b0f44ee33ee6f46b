/** Whether something is there. */
import { InputError } from "../errors.ts";
import { bareRefusalOf } from "./refusal.ts";

/**
 * Whether there is anything at `path`: a file, a folder or a link, even to nothing. Throws InputError
 * where the system does not say.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${path}: cannot be looked at: ${refusal}; choose another place`, {
      cause: error,
    });
  }
}
