/** Unpacks untrusted archives. */
import { basename, dirname, join } from "node:path";
import { InputError, messageOf } from "../errors.ts";
import { DISK, writeAll } from "../files/disk.ts";
import { exists } from "../files/exists.ts";
import { removeTemporary, temporaryPath } from "../files/temporary.ts";
import type { ArchiveEntry, ReadOptions } from "./archives/entry.ts";
import { EntryPaths } from "./archives/names.ts";
import { tarGzEntries } from "./archives/tar_gz.ts";
import { zipEntries } from "./archives/zip.ts";

/** Disk space per entry besides its content: headers, a long name, padding of the last block. */
const ENTRY_BYTES = 4096;

/** Files flushed to the medium at once, which disks partly merge. */
const SYNCED_TOGETHER = 32;

/** Readers of archives by file name ending. */
const FORMATS: Readonly<
  Record<string, (archive: string, options: ReadOptions) => AsyncGenerator<ArchiveEntry>>
> = { ".tar.gz": tarGzEntries, ".tgz": tarGzEntries, ".zip": zipEntries };

/** Limits on unpacking an archive. */
export interface UnpackOptions {
  /** Bytes of content. Default: any number. */
  readonly maxBytes?: number;
  /** Entries; default 1000: even empty files take time. */
  readonly maxEntries?: number;
  /** Files that are unpacked, by their paths with `/`; by default all. */
  readonly only?: RegExp;
  /** Receives the number of bytes of the archive read so far. */
  readonly onRead?: (bytes: number) => void;
}

/** The ending of a name if it is an archive's. */
export function archiveEnding(name: string): string | undefined {
  // `.downloaded` marks a file that is not unpacked yet.
  const plain = name.replace(/\.downloaded$/, "");
  return Object.keys(FORMATS).find((ending) => plain.endsWith(ending));
}

/**
 * Unpacks the files of an archive into `folder`, where they replace files of the same name once all are
 * complete; remains of a killed process are deleted. No other process may be unpacking there.
 * Throws InputError if the archive is damaged or exceeds its limits, or if an entry would be written
 * outside the folder (`..`, an absolute path, a drive letter) or replace it (`.`), has too long a name,
 * conflicts with another entry, or is neither file nor folder (links, devices).
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  options: UnpackOptions = {},
): Promise<void> {
  await DISK.makeFolder(dirname(folder));
  await removeTemporary(folder);
  const temporary = temporaryPath(folder);
  try {
    await DISK.makeFolder(temporary);
    const files = await extract(archive, temporary, options);
    await syncAll([...files].map((path) => join(temporary, path)));
    await moveInto(temporary, folder);
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
}

/** Unpacks into an empty folder and returns the files' relative paths; of duplicates the last wins. */
async function extract(
  archive: string,
  folder: string,
  { maxBytes = Infinity, maxEntries = 1000, only, onRead = () => {} }: UnpackOptions,
): Promise<Set<string>> {
  const ending = archiveEnding(archive)!;
  const tooLarge = () =>
    new InputError(
      `${archive}: contains more than ${maxBytes} bytes, more than the dataset has; delete it`,
    );
  const entries = FORMATS[ending](archive, {
    maxBytes: maxBytes + maxEntries * ENTRY_BYTES,
    tooLarge,
    onRead,
  });
  const paths = new EntryPaths(archive);
  const folders = new Set<string>();
  let [total, count] = [0, 0];
  try {
    for await (const { name, type, size, body } of entries) {
      const path = paths.pathOf(name);
      total += size;
      if (total > maxBytes) throw tooLarge();
      if (++count > maxEntries) {
        throw new InputError(
          `${archive}: contains more than ${maxEntries} files and folders, more than the ` +
            "dataset has; delete it",
        );
      }
      if (type === "directory" || only && !only.test(path.replaceAll("\\", "/"))) {
        await body.cancel();
      } else if (path === ".") {
        throw new InputError(
          `${archive}: entry ${JSON.stringify(name)} would replace its folder`,
        );
      } else if (type === "file") {
        paths.add(path, name);
        const parent = dirname(join(folder, path));
        if (!folders.has(parent)) await DISK.makeFolder(parent);
        folders.add(parent);
        await write(join(folder, path), body);
      } else {
        throw new InputError(
          `${archive}: entry ${
            JSON.stringify(name)
          } is a ${type}; only files and folders are unpacked`,
        );
      }
    }
    return paths.files;
  } catch (error) {
    if (error instanceof InputError || isFileSystemError(error)) throw error;
    const reason = messageOf(error);
    throw new InputError(
      `${archive}: not a complete ${ending} archive (${reason}); delete it, and ` +
        `${basename(archive)} will be downloaded again`,
    );
  }
}

/** Writes a file in a folder that no other process uses. */
async function write(path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  using file = await DISK.open(path, { write: true, create: true, truncate: true });
  for await (const chunk of body) await writeAll(file, chunk);
}

/** Flushes files to the medium. */
async function syncAll(files: readonly string[]): Promise<void> {
  let next = 0;
  const some = async () => {
    while (next < files.length) {
      using file = await DISK.open(files[next++], { write: true });
      await file.sync();
    }
  };
  await Promise.all(Array.from({ length: SYNCED_TOGETHER }, some));
}

/** Moves a folder to a path, or its contents into the folder that exists there. */
async function moveInto(from: string, to: string): Promise<void> {
  if (await exists(to) && (await Deno.stat(from)).isDirectory) {
    for await (const { name } of Deno.readDir(from)) {
      await moveInto(join(from, name), join(to, name));
    }
  } else {
    await DISK.rename(from, to);
  }
}

/** Deno's own errors report a refusal by the system, such as a full disk, not damage of the archive. */
function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^E[A-Z]+$/.test(error.code);
}
