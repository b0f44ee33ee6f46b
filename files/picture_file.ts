/** Reads the bytes of image files. */
import { readWanted } from "./read_wanted.ts";

/** Files up to this size are read without inspecting their first bytes. */
const MAX_AT_ONCE = 2 ** 26;

/** The contents of an image file. Throws InputError if it cannot be read. */
export async function readPictureFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readAtOnce(path) ?? await readWanted(path, "picture");
}

/** The contents, read with little overhead, for thousands of files; undefined on any problem. */
async function readAtOnce(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { isFile, size } = Deno.statSync(path);
    if (isFile && size <= MAX_AT_ONCE) return await Deno.readFile(path);
  } catch {
    // The caller reads it again with full checks and reports the problem.
  }
}
