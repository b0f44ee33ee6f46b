/** Text files. */
import { InputError } from "../errors.ts";

/** The text of a file's bytes. Throws InputError unless they are UTF-8, naming what was expected. */
export function decodeText(bytes: Uint8Array, path: string, expected: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${path}: not a text file in UTF-8; expected ${expected}`);
  }
}
