/** Whether a path exists. */
import { InputError } from "../errors.ts";
import { bareRefusalOf } from "./refusal.ts";

/**
 * Whether a file, a folder or a link, even a dangling one, exists at `path`. Throws InputError if the
 * system refuses to say.
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
    throw new InputError(`${path}: cannot be inspected: ${refusal}; choose another place`, {
      cause: error,
    });
  }
}
