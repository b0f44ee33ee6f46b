/** Unpacking `.tar.gz` archives that others made. */
import { createTarDecoder } from "npm:modern-tar@0.8.6";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { DISK } from "../files/disk.ts";
import { gunzip } from "../files/gunzip.ts";
import { removeTemporary, temporaryPath } from "../files/temporary.ts";
import { abridged } from "../reporting/format.ts";

/** More entries than a dataset's archive has: even an empty file costs a while. */
const MAX_ENTRIES = 1000;

/** Longest name of an entry in bytes: every system takes it. */
const MAX_NAME_BYTES = 255;

/** What an entry takes besides its content: its headers, a long name, what fills its last block. */
const ENTRY_BYTES = 4096;

/**
 * Unpacks the files of a `.tar.gz` into `folder`, where they replace others of their names, once all
 * are there; what a process left that was killed meanwhile is cleared away. No other process may be
 * unpacking there.
 * Throws InputError if the archive is damaged or holds more than `maxBytes` or {@link MAX_ENTRIES}, if
 * an entry would leave the folder (`..`, an absolute path, a drive letter) or take its place (`.`), if
 * it has too long a name, is in another's place, or is neither file nor folder (links, devices).
 */
export async function unpackTarGz(
  archive: string,
  folder: string,
  maxBytes = Infinity,
): Promise<void> {
  await DISK.makeFolder(dirname(folder));
  await removeTemporary(folder);
  const temporary = temporaryPath(folder);
  try {
    for (const path of await extract(archive, temporary, maxBytes)) {
      await DISK.makeFolder(dirname(join(folder, path)));
      await DISK.rename(join(temporary, path), join(folder, path));
    }
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
}

/** Unpacks into an empty folder and returns the files' paths in it; of equal ones the last is kept. */
async function extract(archive: string, folder: string, maxBytes: number): Promise<Set<string>> {
  using file = await Deno.open(archive);
  const tooLarge = () =>
    new InputError(
      `${archive}: holds more than ${maxBytes} bytes, which the dataset does not; delete it`,
    );
  const entries = gunzip(file.readable)
    .pipeThrough(endingAt(maxBytes + MAX_ENTRIES * ENTRY_BYTES, tooLarge))
    .pipeThrough(createTarDecoder({ strict: true }));
  const paths = new Set<string>();
  const folders = new Set<string>();
  let total = 0, count = 0;
  try {
    for await (const { header, body } of entries) {
      const path = join(...safeParts(header.name, archive));
      total += header.size;
      if (total > maxBytes) throw tooLarge();
      if (++count > MAX_ENTRIES) {
        throw new InputError(
          `${archive}: holds more than ${MAX_ENTRIES} files and folders, which the dataset does not; ` +
            "delete it",
        );
      }
      if (header.type === "directory") {
        await body.cancel();
      } else if (path === ".") {
        throw new InputError(
          `${archive}: entry ${JSON.stringify(header.name)} would take its folder's place`,
        );
      } else if (header.type === "file" || header.type === undefined) {
        const above = foldersOf(path);
        if (folders.has(path) || above.some((folder) => paths.has(folder))) {
          throw new InputError(
            `${archive}: entry ${
              JSON.stringify(header.name)
            } and another need a file and a folder of one name; delete the archive`,
          );
        }
        above.forEach((folder) => folders.add(folder));
        await writeFileAtomic(join(folder, path), body);
        paths.add(path);
      } else {
        throw new InputError(
          `${archive}: entry ${
            JSON.stringify(header.name)
          } is a ${header.type}; only files and folders are unpacked`,
        );
      }
    }
    return paths;
  } catch (error) {
    if (error instanceof InputError || isFileSystemError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${archive}: not a whole .tar.gz archive (${reason}); delete it, and ` +
        `${basename(archive)} is downloaded again`,
    );
  }
}

/** Passes on what comes, and throws at the byte after `most`, whatever it is of. */
function endingAt(
  most: number,
  tooLarge: () => Error,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let length = 0;
  return new TransformStream({
    transform(chunk, controller) {
      length += chunk.length;
      if (length > most) throw tooLarge();
      controller.enqueue(chunk);
    },
  });
}

/** Deno's own errors name the system's refusal, such as a full disk, and are not the archive's. */
function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^E[A-Z]+$/.test(error.code);
}

/** The folders that a relative path leads through. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.push(folder);
  return folders;
}

function safeParts(name: string, archive: string): string[] {
  const { length } = new TextEncoder().encode(name);
  if (length > MAX_NAME_BYTES) {
    throw new InputError(
      `${archive}: entry ${abridged(JSON.stringify(name), 50)} has a name of ${length} bytes; ` +
        `expected at most ${MAX_NAME_BYTES}; delete the archive`,
    );
  }
  const parts = name.split(/[/\\]/);
  const escapes = parts[0] === "" || /^[a-z]:/i.test(name) || parts.includes("..") ||
    name.includes("\0");
  if (escapes) {
    throw new InputError(
      `${archive}: entry ${JSON.stringify(name)} would leave the folder it is in`,
    );
  }
  return parts.filter((part) => part !== "" && part !== ".");
}
