/** Tunings as files in the cache. */
import { basename, join } from "node:path";
import { InputError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { cacheFolder } from "../../files/cache.ts";
import type { TuningStore } from "./tuning.ts";
import { driverFiles, LIBRARY_FOLDERS } from "./vulkan_drivers.ts";

/**
 * Stores tunings in a folder, one file per adapter.
 *
 * @param folder default: `webgpu` in Overfold's cache; nothing is found if there is none or this
 * process may not read it
 */
export function fileTuningStore(folder?: string): TuningStore {
  return {
    async read(name) {
      try {
        return await Deno.readTextFile(join(folder ?? defaultFolder(), name));
      } catch (error) {
        const isMissing = error instanceof Deno.errors.NotFound ||
          error instanceof Deno.errors.NotCapable || error instanceof InputError;
        if (isMissing) return undefined;
        throw error;
      }
    },
    write: (name, text) => writeFileAtomic(join(folder ?? defaultFolder(), name), text),
    driver: driverVersion,
  };
}

function defaultFolder(): string {
  return join(cacheFolder(), "webgpu");
}

/**
 * Identifies the versions of a Linux system's Vulkan drivers: the version of Vulkan that they name
 * and the sizes of their files. Empty on other systems.
 */
async function driverVersion(): Promise<string> {
  return (await Promise.all((await driverFiles()).map(describeDriver))).join("; ");
}

async function describeDriver(path: string): Promise<string> {
  try {
    const { ICD } = JSON.parse(await Deno.readTextFile(path));
    const library = String(ICD.library_path);
    const places = library.includes("/")
      ? [library]
      : LIBRARY_FOLDERS.map((folder) => join(folder, library));
    const sizes = await Promise.all(places.map(sizeOf));
    return [basename(path), ICD.api_version, ...sizes.filter((size) => size > 0)].join(" ");
  } catch {
    return basename(path);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}
