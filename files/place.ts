/** What is at a path that is to be written, and whether it can be. */
import { basename, dirname, join, sep } from "node:path";
import { InputError } from "../errors.ts";
import { DISK } from "./disk.ts";
import { exists } from "./exists.ts";
import { explainRefusal } from "./refusal.ts";
import { temporaryPath } from "./temporary.ts";

/** Where what is written to a path goes. */
export interface Place {
  /** The file itself, behind all links. */
  readonly path: string;
  /** Whether it is a pipe or a device, which takes what comes and is never replaced. */
  readonly isStream: boolean;
  /** Permissions of the file that is there: one in its place has the same. */
  readonly mode?: number;
}

/** Where what is written to `path` goes. Throws InputError if that is nothing to write a file to. */
export async function placeOf(path: string): Promise<Place> {
  if (path.endsWith("/") || path.endsWith(sep)) {
    throw new InputError(`${path} is the name of a folder; expected the name of a file`);
  }
  if (!await exists(path)) return { path, isStream: false };
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`${path} is a link to nothing; make what it names, or delete the link`);
  }
  if (info.isDirectory) {
    throw new InputError(`${path} is a folder; expected the name of a file`);
  }
  if (info.isBlockDevice || info.isSocket) {
    const kind = info.isSocket ? "socket" : "disk";
    throw new InputError(`${path} is a ${kind}; expected a file, a pipe or another device`);
  }
  if (!info.isFile) return { path, isStream: true };
  return { path: await Deno.realPath(path), isStream: false, mode: (info.mode ?? 0o666) & 0o777 };
}

/**
 * Throws InputError if nothing can be written to `path`, RunError if the disk is full. Missing
 * folders may be made later; nothing is changed here.
 */
export async function checkPlace(path: string, disk = DISK): Promise<void> {
  try {
    const place = await placeOf(path);
    if (place.isStream) return;
    if (place.mode !== undefined) (await disk.open(place.path, { write: true })).close();
    let folder = dirname(place.path);
    while (!await exists(folder)) folder = dirname(folder);
    const probe = temporaryPath(join(folder, basename(place.path)));
    (await disk.open(probe, { write: true, createNew: true })).close();
    await disk.remove(probe);
  } catch (error) {
    throw explainRefusal(path, error);
  }
}
