/** Small checks that every reader of dataset files shares. */
import { InputError } from "../errors.ts";

/** The label, if it is a class of the dataset. Throws InputError naming the record otherwise. */
export function checkLabel(label: number, record: number, classes: number, path: string): number {
  if (label < classes) return label;
  throw new InputError(
    `${path}: record ${record} has the label ${label}, expected 0 to ${classes - 1}; the file is ` +
      "damaged: delete it, and it is downloaded again",
  );
}

/** Whether there is a file of this name. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
