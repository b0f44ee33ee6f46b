/** Output files of commands. */

import { basename, dirname, extname, join, resolve } from "@std/path";
import { readCheckpoint } from "../checkpoints/checkpoint.ts";
import { InputError } from "../errors.ts";
import { HEAD_BYTES, kindOf } from "../files/kind_of_file.ts";
import { checkPlace } from "../files/place.ts";
import { readWanted } from "../files/read_wanted.ts";

/**
 * The default location of a file made from `path`: the folder `folded` of the run that contains it, or
 * else one next to it.
 */
export function besideFolded(path: string, name: string): string {
  const folder = dirname(path);
  return ["checkpoints", "folded"].includes(basename(resolve(folder)))
    ? join(folder, "..", "folded", name)
    : join(folder, "folded", name);
}

/** Extensions whose contents differ. */
const TELLING = [".safetensors", ".onnx", ".pt", ".pth", ".yaml", ".png", ".jpg", ".jpeg"];

const TEXT = ["a text file", "a JSON file", "a web page (HTML)"];

/** Kinds of files that a file with an extension may replace: its own, and any text for a text. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  ".safetensors": ["a safetensors file"],
  ".onnx": ["an ONNX file"],
  ".yaml": ["a config", ...TEXT],
  ".png": ["a PNG image"],
  ".html": ["a web page (HTML)"],
};

/** Extensions that a file must have because it is opened by its name. */
const REQUIRED: readonly string[] = [".png", ".html"];

/**
 * Throws InputError if a file cannot be written at `output`, would replace an input, a trained
 * checkpoint or a file of another kind than `ending` implies, or is named like one; RunError if the disk
 * is full. Called before the work whose result it will contain.
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
    throw new InputError(`${output} is an input; choose another output file`);
  }
  // Writing to a pipe or device replaces nothing, and its name does not matter.
  if (place !== undefined && !(await Deno.stat(output)).isFile) return;
  const found = extname(output).toLowerCase();
  if (
    ending !== undefined && found !== ending &&
    (REQUIRED.includes(ending) || TELLING.includes(found))
  ) {
    const what = found === "" ? "" : `the output is not a ${found} file; `;
    throw new InputError(`${output}: ${what}end the name in ${ending}`);
  }
  if (place === undefined) return;
  const there = await isTrained(output)
    ? "a training checkpoint"
    : ending !== undefined && await otherThan(REPLACED[ending] ?? TEXT, output);
  if (!there) return;
  throw new InputError(
    `${output} is ${there}, which would be lost; choose another output file, or delete it first`,
  );
}

/** What kind of file it is, if it is not empty and none of the `kinds`. */
async function otherThan(kinds: readonly string[], path: string): Promise<string | undefined> {
  const kind = kindOf(await readWanted(path, "network or config", HEAD_BYTES));
  if (kind?.what === "an empty file" || kind && kinds.includes(kind.what)) return undefined;
  return kind?.what ?? "a file of another kind";
}

/** Throws InputError if `output` exists and is not a folder. */
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
    `-: this cannot be written to standard output; name a ${what} (./- if that is its name)`,
  );
}

/** Whether a file is a checkpoint written by a training: `overfold import` may replace its own. */
async function isTrained(path: string): Promise<boolean> {
  try {
    return (await readCheckpoint(path)).backend.name !== "import";
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** A path with its links followed; undefined if nothing is there. */
const realPath = (path: string) => Deno.realPath(path).catch(() => undefined);
