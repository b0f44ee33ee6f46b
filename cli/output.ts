/** Where commands write. */

import { basename, dirname, join, resolve } from "@std/path";
import { InputError } from "../errors.ts";

/**
 * Where a file made of `path` goes by default: the folder `folded` of the run that `path` lies in a
 * folder of, or else one beside it.
 */
export function besideFolded(path: string, name: string): string {
  const folder = dirname(path);
  return ["checkpoints", "folded"].includes(basename(resolve(folder)))
    ? join(folder, "..", "folded", name)
    : join(folder, "folded", name);
}

/** Throws InputError if a file cannot be written at `output`, or would replace one that is read. */
export async function checkOutput(output: string, inputs: readonly string[]): Promise<void> {
  const place = await placeOf(output);
  if (place === undefined) return;
  if ((await Deno.stat(output)).isDirectory) {
    throw new InputError(`--output: ${output} is a folder; expected the name of a file`);
  }
  for (const input of inputs) {
    if (await placeOf(input) !== place) continue;
    throw new InputError(`--output: ${output} is what is read; choose another file`);
  }
}

/** What a path leads to; undefined if there is nothing. */
async function placeOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch {
    return undefined;
  }
}
