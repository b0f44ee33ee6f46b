/** The picture files in a folder and those below. */
import { extname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { formatOfPicture, isPictureName, SIGNATURE_BYTES } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";

/** What systems and programs put into folders. */
const SYSTEM = /^(\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|\$recycle\.bin|@eadir)$/i;

/** What is passed over, and how often: by ending, or by what it is. */
export type Tally = Map<string, number>;

/** The names of what is in a folder, hidden and system files left out, in the order of Python's sort. */
export async function entriesOf(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const folders: string[] = [];
  const [files, links]: [string[], string[]] = [[], []];
  try {
    for await (const { name, isDirectory, isFile, isSymlink } of Deno.readDir(folder)) {
      if (SYSTEM.test(name)) continue;
      if (isDirectory) folders.push(name);
      else if (isSymlink) links.push(name);
      else if (isFile) files.push(name);
    }
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${folder}: this folder cannot be read: ${refusal}`, { cause: error });
  }
  for (const name of links) {
    const info = await Deno.stat(join(folder, name)).catch(() => undefined);
    if (info?.isDirectory) folders.push(name);
    else if (info?.isFile) files.push(name);
  }
  return { folders: folders.sort(byCodePoint), files: files.sort(byCodePoint) };
}

/**
 * Paths of the pictures in `folder` and below, relative to `root` and with `/`. A folder that links
 * lead to is gone through once. Files are taken by their names, others only if they begin as a picture.
 */
export async function picturesIn(root: string, folder: string, tally: Tally): Promise<string[]> {
  const found: string[] = [];
  const visited = new Set<string>();
  const visit = async (folder: string) => {
    const path = join(root, folder);
    const real = await Deno.realPath(path);
    if (visited.has(real)) return;
    visited.add(real);
    const { folders, files } = await entriesOf(path);
    for (const name of files) {
      const file = `${folder}/${name}`;
      // What is no Unicode in a name is lost, and with it the way to the file.
      if (name.includes("\ufffd")) count(tally, "name that is no Unicode");
      else if (isPictureName(name) || beginsAsPicture(join(root, file))) found.push(file);
      else count(tally, extname(name).toLowerCase() || "without ending");
    }
    for (const name of folders) await visit(`${folder}/${name}`);
  };
  await visit(folder);
  return found;
}

/** Text in the order of its code points, as Python sorts it. */
export function byCodePoint(a: string, b: string): number {
  const [one, two] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [one.next(), two.next()];
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false);
    const difference = x.value.codePointAt(0)! - y.value.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
}

/** Counts one more of what is passed over. */
export function count(tally: Tally, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

function beginsAsPicture(path: string): boolean {
  try {
    return formatOfPicture(beginningOf(path, SIGNATURE_BYTES)) !== undefined;
  } catch {
    return false;
  }
}

/** The first bytes of a file. */
export function beginningOf(path: string, most: number): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
