/** Where commands write. */

import { basename, dirname, extname, join, resolve } from "@std/path";
import { readCheckpoint } from "../checkpoints/checkpoint.ts";
import { InputError } from "../errors.ts";
import { HEAD_BYTES, kindOf } from "../files/kind_of_file.ts";
import { checkPlace } from "../files/place.ts";
import { readWanted } from "../files/read_wanted.ts";

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

/** Endings that say what is in a file, each something else. */
const TELLING = [".safetensors", ".onnx", ".pt", ".pth", ".yaml", ".png", ".jpg", ".jpeg"];

const TEXT = ["a text file", "a JSON file", "a page of the web (HTML)"];

/** Kinds of files that a file with an ending may replace: its own, and texts each other. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  ".safetensors": ["a safetensors file"],
  ".onnx": ["an ONNX file"],
  ".yaml": ["a config", ...TEXT],
  ".png": ["a PNG picture"],
  ".html": ["a page of the web (HTML)"],
};

/** Endings that a file must have: it is opened by its name. */
const REQUIRED: readonly string[] = [".png", ".html"];

/**
 * Throws InputError if a file cannot be written at `output`, would replace one that is read, a
 * checkpoint that was trained or a file of another kind than `ending` says, or is named as one;
 * RunError if the disk is full. Called before the work whose result it takes.
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
  // What is written to a pipe or a device replaces nothing, and has the name that it has.
  if (place !== undefined && !(await Deno.stat(output)).isFile) return;
  const found = extname(output).toLowerCase();
  if (
    ending !== undefined && found !== ending &&
    (REQUIRED.includes(ending) || TELLING.includes(found))
  ) {
    const what = found === "" ? "" : `what is written is no ${found}; `;
    throw new InputError(`${output}: ${what}end the name in ${ending}`);
  }
  if (place === undefined) return;
  const there = await isTrained(output)
    ? "the checkpoint of a training"
    : ending !== undefined && await otherThan(REPLACED[ending] ?? TEXT, output);
  if (!there) return;
  throw new InputError(
    `${output} is ${there}, which would be lost; choose another file to write, or delete it first`,
  );
}

/** What a file is, if none of the `kinds` and not empty. */
async function otherThan(kinds: readonly string[], path: string): Promise<string | undefined> {
  const kind = kindOf(await readWanted(path, "network or config", HEAD_BYTES));
  if (kind?.what === "an empty file" || kind && kinds.includes(kind.what)) return undefined;
  return kind?.what ?? "a file of another kind";
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
