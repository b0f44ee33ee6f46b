/** Which picture files the words of a command line mean: files, folders and patterns. */
import { glob } from "node:fs/promises";
import { isGlob, join } from "@std/path";

/** What was found. */
export interface FoundImages {
  /** Files in the order of the words; those of a folder or a pattern in the order of their names. */
  readonly paths: readonly string[];
  /** A sentence for each word that means no file. */
  readonly missing: readonly string[];
}

const PICTURE = /\.(png|jpe?g)$/i;

/**
 * Finds the files that are meant. A word that names a file means that file, whatever it holds; the
 * name of a folder means all PNG and JPEG files in it and in the folders below, hidden ones left
 * out; another word is a pattern such as `digits/*.png` or `**\/*.jpg` and means all files that fit.
 */
export async function findImages(words: readonly string[]): Promise<FoundImages> {
  const paths: string[] = [];
  const missing: string[] = [];
  for (const word of words) {
    const info = await statOf(word);
    if (info?.isDirectory) {
      const pictures = (await filesOf("**", word)).filter((path) => PICTURE.test(path));
      paths.push(...pictures);
      if (pictures.length === 0) missing.push(`${word}: no PNG or JPEG file in this folder`);
    } else if (info) {
      paths.push(word);
    } else if (isGlob(word)) {
      const files = await filesOf(word);
      paths.push(...files);
      if (files.length === 0) missing.push(`${word}: no file fits this pattern`);
    } else {
      missing.push(`${word}: no such file or folder`);
    }
  }
  return { paths, missing };
}

/** Files that fit a pattern within a folder, sorted. */
async function filesOf(pattern: string, folder = "."): Promise<string[]> {
  const files: string[] = [];
  for await (const name of glob(pattern, { cwd: folder })) {
    const path = folder === "." ? name : join(folder, name);
    if ((await statOf(path))?.isFile) files.push(path);
  }
  return files.sort();
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Whatever else is wrong, such as a * in a name on Windows, there is no file to open.
    return undefined;
  }
}
