/** Inspects a path before writing to it. */
import { basename, dirname, join, sep } from "node:path";
import { InputError } from "../errors.ts";
import { DISK } from "./disk.ts";
import { exists } from "./exists.ts";
import { explainRefusal } from "./refusal.ts";
import { temporaryPath } from "./temporary.ts";

/** Where data written to a path goes. */
export interface Place {
  /** The file itself, with all links resolved. */
  readonly path: string;
  /** Whether it is a pipe or a device, which is written to directly and never replaced. */
  readonly isStream: boolean;
  /** Permissions of the existing file, which its replacement keeps. */
  readonly mode?: number;
}

/** Where data written to `path` goes. Throws InputError if no file can be written there. */
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
    throw new InputError(`${path} is a dangling link; create its target, or delete the link`);
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
 * Throws InputError if nothing can be written to `path`, RunError if the disk is full. Missing folders are
 * allowed; nothing is changed.
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
