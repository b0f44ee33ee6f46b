/** Where commands write. */

import { basename, dirname, extname, join, resolve } from "@std/path";
import { readCheckpoint } from "../checkpoints/checkpoint.ts";
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

/** Endings of networks, each of another kind. */
const NETWORKS = [".safetensors", ".onnx", ".pt", ".pth"];

/**
 * Throws InputError if a file cannot be written at `output`, would replace one that is read or a
 * checkpoint that was trained, or is named as a network of another kind than `ending` says; RunError
 * if the disk is full. Called before the work whose result it takes.
 */
export async function checkOutput(
  output: string,
  inputs: readonly string[],
  ending?: string,
): Promise<void> {
  refuseDash(output, "file");
  await checkPlace(output);
  const place = await realPath(output);
  for (const input of inputs) {
    if (place === undefined || await realPath(input) !== place) continue;
    throw new InputError(`${output} is what is read; choose another file to write`);
  }
  const found = extname(output).toLowerCase();
  if (ending !== undefined && found !== ending && NETWORKS.includes(found)) {
    throw new InputError(`${output}: what is written is no ${found}; end the name in ${ending}`);
  }
  if (place !== undefined && await isTrained(output)) {
    throw new InputError(
      `${output} is the checkpoint of a training, which would be lost; choose another file to ` +
        "write, or delete it first",
    );
  }
}

/** Throws InputError if `output` is there and no folder. */
export async function checkFolder(output: string): Promise<void> {
  refuseDash(output, "folder");
  const info = await Deno.stat(output).catch(() => undefined);
  if (info && !info.isDirectory) {
    throw new InputError(`${output} is a file; expected a folder, or the name of a new one`);
  }
}

function refuseDash(output: string, what: string): void {
  if (output !== "-") return;
  throw new InputError(
    `-: this is not written to standard output; name a ${what} (./- if that is its name)`,
  );
}

/** Whether a file is a checkpoint that a training wrote: `overfold import` makes its own anew. */
async function isTrained(path: string): Promise<boolean> {
  // What is read of a pipe is taken from whom it is meant for.
  if (!(await Deno.stat(path)).isFile) return false;
  try {
    return (await readCheckpoint(path)).backend.name !== "import";
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
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
