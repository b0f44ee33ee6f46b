/** Text files. */
import { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import { bareRefusalOf } from "./refusal.ts";

/** Most bytes of a text: a list of tens of millions of images. */
const MAX_BYTES = 2 ** 29;

/** The text of a file's bytes. Throws InputError, naming what was expected, unless they are UTF-8. */
export function decodeText(bytes: Uint8Array, path: string, expected: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${path}: not a UTF-8 text file; expected ${expected}`);
  }
}

/**
 * The text in a file. Throws InputError, naming what was expected, if it cannot be read, is too long or is
 * not text.
 */
export async function readTextFile(path: string, expected: string): Promise<string> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new InputError(`${path}: not a file; expected ${expected}`);
    if (size > MAX_BYTES) {
      throw new InputError(
        `${path}: holds ${formatBytes(size)}; expected at most ${formatBytes(MAX_BYTES)}`,
      );
    }
    return decodeText(await Deno.readFile(path), path, expected);
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${path}: cannot be read: ${refusal}`, { cause: error });
  }
}
