/** What every reader of dataset files shares. */
import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { readAtMost } from "../files/at_most.ts";
import { refusalOf } from "../files/refusal.ts";
import type { LocatedFile } from "./published_files.ts";

/**
 * The bytes of a file, `most` and one more at most. Throws InputError if it does not hash to what it
 * should.
 */
export async function readDataFile(
  { path, checksum }: LocatedFile,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = await readAtMost(file.readable, most);
  if (!checksum) return bytes;
  const digest = createHash(checksum.algorithm).update(bytes).digest("hex");
  if (digest === checksum.digest) return bytes;
  throw new InputError(
    `${path}: its checksum is ${checksum.algorithm}:${digest}, expected ` +
      `${checksum.algorithm}:${checksum.digest}: it has changed since it came, or another is in its ` +
      "place; delete it, and it is downloaded again (data.root takes the files of a folder as they are)",
  );
}

/** The label, if it is a class of the dataset. Throws InputError naming the record otherwise. */
export function checkLabel(label: number, record: number, classes: number, path: string): number {
  if (label < classes) return label;
  throw new InputError(
    `${path}: record ${record} has the label ${label}, expected 0 to ${classes - 1}; the file is ` +
      "damaged: delete it, and it is downloaded again",
  );
}

/** Whether there is a file of this name. Throws InputError where the system does not say. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`images cannot be read: ${refusal}; set data.root to another folder`, {
      cause: error,
    });
  }
}
