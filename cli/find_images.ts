/** Which picture files the words of a command line mean: files, folders and patterns. */
import { glob } from "node:fs/promises";
import { extname, isGlob, join } from "@std/path";
import { InputError } from "../errors.ts";
import { PassedOver } from "../datasets/folder/passed_over.ts";
import { kindOf } from "../files/kind_of_file.ts";
import { isPictureName, SIGNATURE_BYTES } from "../files/picture_names.ts";
import { readWanted } from "../files/read_wanted.ts";

/** What was found. */
interface FoundImages {
  /** Files in the order of the words; those of a folder or a pattern in the order of their names. */
  readonly paths: readonly string[];
  /** A sentence for each word that means no file, and for each folder that cannot be read. */
  readonly missing: readonly string[];
  /** A sentence for each word that means files but not all that is there: how many of what. */
  readonly passedOver: readonly string[];
}

/** What a link can lead to, such as a file of the system's that holds secrets of processes. */
const CLOSED = "file that Deno opens for no program";

/**
 * Finds the files that are meant. A word that names a file means that file, whatever it holds; the
 * name of a folder means all pictures in it and in the folders below, known by their names or by how
 * they begin, those too that are of a kind that is not read: whoever reads them says so. Hidden ones
 * are left out and links to folders not followed; another word is a pattern such as `digits/*.png` or
 * `**\/*.jpg` and means all files that fit.
 */
export async function findImages(words: readonly string[]): Promise<FoundImages> {
  const paths: string[] = [];
  const missing: string[] = [];
  const passedOver: string[] = [];
  for (const word of words) {
    const others = new PassedOver();
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
      const none = info ? "no picture in this folder" : "no file fits this pattern";
      missing.push(`${word}: ${none}${others.summary ? `; ${others.summary}` : ""}`);
    } else if (others.summary) {
      passedOver.push(`${word}: ${others.summary}`);
    }
  }
  return { paths, missing, passedOver };
}

/** The pictures in a folder and those below; `unreadable` takes a sentence for each that is closed. */
async function picturesIn(
  folder: string,
  others: PassedOver,
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
      else others.add({ path, what: extname(name).toLowerCase() || "without ending" });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    unreadable.push(`${folder}: this folder cannot be read; permit it, or leave it out`);
  }
  return found;
}

/** Files that fit a pattern. */
async function filesOf(pattern: string, others: PassedOver): Promise<string[]> {
  const files: string[] = [];
  for await (const path of glob(pattern)) {
    const entry = await entryAt(path);
    if (entry === "file") files.push(path);
    else if (!entry.endsWith("folder")) others.add({ path, what: entry });
  }
  return files;
}

/** What is at a path that was found: a file, a folder, or else the name of what is passed over. */
async function entryAt(path: string): Promise<string> {
  const info = await statOf(path);
  // What is no Unicode in a name is lost, and with it the way to the file.
  if (!info) return path.includes("\ufffd") ? "name that is no Unicode" : "link to nothing";
  if (info.isFile) return await isClosed(path) ? CLOSED : "file";
  if (!info.isDirectory) return "pipe or device";
  return (await Deno.lstat(path)).isSymlink ? "link to a folder" : "folder";
}

/** Whether Deno keeps a file from this program: a link to it shows that only when it is opened. */
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
    // Whatever else is wrong, such as a * in a name on Windows, there is no file to open.
    return undefined;
  }
}
