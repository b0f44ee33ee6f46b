/** The bytes of picture files. */
import { readWanted } from "./read_wanted.ts";

/** Bytes of a file that is read without looking at its beginning first. */
const MAX_AT_ONCE = 2 ** 26;

/** The contents of a picture's file. Throws InputError for one that cannot be read. */
export async function readPictureFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readAtOnce(path) ?? await readWanted(path, "picture");
}

/**
 * The contents with as little ado as there can be, for files that come by the thousand; undefined
 * where there is something to be said of one.
 */
async function readAtOnce(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { isFile, size } = Deno.statSync(path);
    if (isFile && size <= MAX_AT_ONCE) return await Deno.readFile(path);
  } catch {
    // Whatever it is, whoever reads it with more care says it.
  }
}
