/** Where commands write. */

import { basename, dirname, join, resolve } from "@std/path";
import { InputError } from "../errors.ts";
import { checkPlace } from "../files/place.ts";

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

/**
 * Throws InputError if a file cannot be written at `output`, or would replace one that is read;
 * RunError if the disk is full. Called before the work whose result it takes.
 */
export async function checkOutput(output: string, inputs: readonly string[]): Promise<void> {
  await checkPlace(output);
  const place = await realPath(output);
  for (const input of inputs) {
    if (place === undefined || await realPath(input) !== place) continue;
    throw new InputError(`${output} is what is read; choose another file to write`);
  }
}

/** What a path leads to; undefined if there is nothing. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch {
    return undefined;
  }
}
