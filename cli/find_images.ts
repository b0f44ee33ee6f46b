/** Finds the image files that command-line arguments name: files, folders and patterns. */
import { extname, isGlob, join } from "@std/path";
import { InputError } from "../errors.ts";
import { Skipped } from "../datasets/folder/skipped.ts";
import { expandBraces, glob } from "../files/glob.ts";
import { kindOf } from "../files/kind_of_file.ts";
import { isPictureName, SIGNATURE_BYTES } from "../files/picture_names.ts";
import { readWanted } from "../files/read_wanted.ts";

interface FoundImages {
  /** Files in the order of the arguments; those of a folder or a pattern sorted by name. */
  readonly paths: readonly string[];
  /** A sentence for each argument that matches no file, and for each unreadable folder. */
  readonly missing: readonly string[];
  /** A sentence for each argument of which some files were skipped: how many of what kind. */
  readonly skipped: readonly string[];
}

/** What a link can lead to, such as a system file with a process's secrets. */
const CLOSED = "file that Deno opens for no program";

/**
 * Finds the files that are meant. An argument that names a file means that file, whatever it contains;
 * the name of a folder means all images in it and below, recognized by name or by their first bytes,
 * including those of unsupported formats: the reader reports these. Hidden files are left out and links
 * to folders not followed; any other argument is a pattern such as `digits/*.png` or `**\/*.jpg` and
 * means all files that match.
 */
export async function findImages(words: readonly string[]): Promise<FoundImages> {
  const paths: string[] = [];
  const missing: string[] = [];
  const skipped: string[] = [];
  for (const word of words) {
    const others = new Skipped();
    const info = await statOf(word);
    if (info && !info.isDirectory) {
      if (info.isFile && await isClosed(word)) missing.push(`${word}: a ${CLOSED}`);
      else paths.push(word);
      continue;
    }
    if (!info && !isGlob(word)) {
      missing.push(`${word}: no such file or folder`);
      continue;
    }
    const closed = missing.length;
    const found = info ? await picturesIn(word, others, missing) : await filesOf(word, others);
    for (const path of found.sort()) paths.push(path);
    if (found.length === 0 && missing.length === closed) {
      const none = info ? "no images in this folder" : "no file matches this pattern";
      missing.push(`${word}: ${none}${others.summary ? `; ${others.summary}` : ""}`);
    } else if (others.summary) {
      skipped.push(`${word}: ${others.summary}`);
    }
  }
  return { paths, missing, skipped };
}

/** The images in a folder and below; `unreadable` receives a sentence for each closed folder. */
async function picturesIn(
  folder: string,
  others: Skipped,
  unreadable: string[],
): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const path = join(folder, name);
      const entry = name.startsWith(".") ? "hidden" : await entryAt(path);
      if (entry === "folder") {
        for (const inside of await picturesIn(path, others, unreadable)) found.push(inside);
      } else if (entry !== "file") others.add({ path, what: entry });
      else if (isPictureName(name) || await beginsAsPicture(path)) found.push(path);
      else others.add({ path, what: extname(name).toLowerCase() || "without extension" });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    unreadable.push(`${folder}: this folder cannot be read; permit it, or leave it out`);
  }
  return found;
}

/** Files that match a pattern. */
async function filesOf(pattern: string, others: Skipped): Promise<string[]> {
  const files: string[] = [];
  for (const one of expandBraces(pattern)) {
    for await (const path of glob(one)) {
      const entry = await entryAt(path);
      if (entry === "file") files.push(path);
      else if (!entry.endsWith("folder")) others.add({ path, what: entry });
    }
  }
  return files;
}

/** What is at a path that was found: a file, a folder, or else the name of what is skipped. */
async function entryAt(path: string): Promise<string> {
  const info = await statOf(path);
  // Bytes that are not Unicode are lost from a name, so the file cannot be opened.
  if (!info) return path.includes("\ufffd") ? "name that is not Unicode" : "link to nothing";
  if (info.isFile) return await isClosed(path) ? CLOSED : "file";
  if (!info.isDirectory) return "pipe or device";
  return (await Deno.lstat(path)).isSymlink ? "link to a folder" : "folder";
}

/** Whether Deno denies this program a file: for a link this shows only when it is opened. */
async function isClosed(path: string): Promise<boolean> {
  try {
    using _file = await Deno.open(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable;
  }
}

async function beginsAsPicture(path: string): Promise<boolean> {
  try {
    return kindOf(await readWanted(path, "picture", SIGNATURE_BYTES))?.isPicture ?? false;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Any other problem, such as a * in a name on Windows: there is no file to open.
    return undefined;
  }
}
