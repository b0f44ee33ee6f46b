/** Resolves a folder, a list or a pattern such as `train-{000000..000146}.tar` to files. */
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { exists } from "../../files/exists.ts";
import { expandBraces, glob, MAX_FILES, tooManyFiles } from "../../files/glob.ts";
import { fromHome } from "../../files/home.ts";
import { spellName } from "../../reporting/controls.ts";
import { isSystemName, sortNames } from "../folder/names.ts";

/**
 * The files, in the given order; those of a folder or of a pattern with `*` are sorted. Throws InputError
 * for a missing file and for an empty result.
 *
 * @param ending of the files in a folder
 */
export async function shardFiles(
  patterns: string | readonly string[],
  ending: RegExp,
): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of typeof patterns === "string" ? [patterns] : patterns) {
    const path = fromHome(pattern);
    for (const one of await exists(path) ? [path] : expandBraces(path)) {
      for (const file of await filesAt(one, ending)) files.push(file);
      if (files.length > MAX_FILES) throw tooManyFiles(pattern);
    }
  }
  const seen = new Set<string>();
  for (const file of files) {
    if (seen.has(file)) throw new InputError(`${file}: this file is listed twice`);
    seen.add(file);
  }
  return files;
}

async function filesAt(path: string, ending: RegExp): Promise<string[]> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile) return [path];
  const files: string[] = [];
  if (info?.isDirectory) {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (!isDirectory && ending.test(name) && !isSystemName(name)) files.push(join(path, name));
    }
  } else if (path.includes("*")) {
    for await (const file of glob(path)) {
      if (files.push(file) > MAX_FILES) throw tooManyFiles(path);
    }
  } else {
    throw new InputError(
      `${spellName(path)}: no such file or folder` +
        (/^[a-z]+:/i.test(path) ? "; only local files are supported" : ""),
    );
  }
  if (files.length > 0) return sortNames(files);
  throw new InputError(
    `${spellName(path)}: ${info ? "no such file in this folder" : "no file matches this pattern"}`,
  );
}
