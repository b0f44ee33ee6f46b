/** Unpacking `.tar.gz` archives that others made. */
import { createTarDecoder } from "npm:modern-tar@0.8.6";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { temporaryPath } from "../files/temporary.ts";

/**
 * Unpacks the files and folders of a `.tar.gz` into `folder`, which must not exist: it appears
 * whole, by a rename, or not at all.
 * Throws InputError if the archive is damaged, if an entry would leave the folder (`..`, an absolute
 * path, a drive letter), or if it is neither file nor folder (links, devices).
 */
export async function unpackTarGz(archive: string, folder: string): Promise<void> {
  await Deno.mkdir(dirname(folder), { recursive: true });
  const temporary = temporaryPath(folder);
  await Deno.mkdir(temporary);
  try {
    await extract(archive, temporary);
    await Deno.rename(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}

async function extract(archive: string, folder: string): Promise<void> {
  using file = await Deno.open(archive);
  const entries = file.readable
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(createTarDecoder({ strict: true }));
  try {
    for await (const { header, body } of entries) {
      const target = join(folder, ...safeParts(header.name, archive));
      if (header.type === "directory") {
        await Deno.mkdir(target, { recursive: true });
        await body.cancel();
      } else if (header.type === "file" || header.type === undefined) {
        await writeFileAtomic(target, body);
      } else {
        throw new InputError(
          `${archive}: entry "${header.name}" is a ${header.type}; only files and folders are unpacked`,
        );
      }
    }
  } catch (error) {
    if (error instanceof InputError || isFileSystemError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${archive}: not a whole .tar.gz archive (${reason}); delete it, and ` +
        `${basename(archive)} is downloaded again`,
    );
  }
}

/** Deno's own errors name the system's refusal, such as a full disk, and are not the archive's. */
function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^E[A-Z]+$/.test(error.code);
}

function safeParts(name: string, archive: string): string[] {
  const parts = name.split(/[/\\]/);
  const escapes = parts[0] === "" || /^[a-z]:/i.test(name) || parts.includes("..") ||
    name.includes("\0");
  if (escapes) throw new InputError(`${archive}: entry "${name}" would leave the folder it is in`);
  return parts.filter((part) => part !== "" && part !== ".");
}
