/** The picture files in a folder and those below. */
import { extname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { kindOf } from "../../files/kind_of_file.ts";
import { isPictureName, SIGNATURE_BYTES } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import type { PassedOver, PassedOverFile } from "./passed_over.ts";

/** What systems and programs put into folders. */
const SYSTEM = /^(\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|\$recycle\.bin|@eadir)$/i;

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
export async function picturesIn(
  root: string,
  folder: string,
  passedOver: PassedOver,
): Promise<string[]> {
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
      const other = otherThanPicture(join(root, file));
      if (other) passedOver.add({ path: join(root, file), ...other });
      else found.push(file);
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

/** Why a file is no picture to be read, neither by its name nor by how it begins. */
function otherThanPicture(path: string): Omit<PassedOverFile, "path"> | undefined {
  // What is no Unicode in a name is lost, and with it the way to the file.
  if (path.includes("\ufffd")) return { what: "name that is no Unicode", isPicture: true };
  if (isPictureName(path)) return undefined;
  const other = { what: extname(path).toLowerCase() || "without ending" };
  try {
    const kind = kindOf(beginningOf(path, SIGNATURE_BYTES));
    if (!kind?.isPicture) return other;
    return kind.fits === "picture" ? undefined : { what: kind.what, isPicture: true };
  } catch {
    return other;
  }
}

/** The first bytes of a file. */
export function beginningOf(path: string, most: number): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
