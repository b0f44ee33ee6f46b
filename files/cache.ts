/** Where downloaded and computed files are kept between runs. */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { readableVariable } from "./home.ts";

/** What {@link cacheFolder} looks at; the defaults are those of this process. */
interface CacheEnvironment {
  /** The value of an environment variable, if it is set. */
  readonly get: (name: string) => string | undefined;
  readonly os: typeof Deno.build.os;
}

/**
 * The folder of Overfold's cache: `$OVERFOLD_CACHE`; else the folder `overfold` in
 * `$XDG_CACHE_HOME`; else in the system's own place, `~/.cache` (Linux), `~/Library/Caches` (macOS)
 * or `%LOCALAPPDATA%` (Windows). It is not made here and may not exist.
 * Throws InputError when the environment names no such place.
 */
export function cacheFolder(
  { get, os }: CacheEnvironment = { get: readableVariable, os: Deno.build.os },
): string {
  const own = get("OVERFOLD_CACHE");
  if (own) return own;
  const shared = get("XDG_CACHE_HOME");
  if (shared) return join(shared, "overfold");
  if (os === "windows") {
    const local = get("LOCALAPPDATA");
    if (local) return join(local, "overfold", "cache");
  }
  const home = get("HOME");
  if (home) {
    return os === "darwin"
      ? join(home, "Library", "Caches", "overfold")
      : join(home, ".cache", "overfold");
  }
  throw new InputError(
    "there is no place for the cache: none of the environment variables OVERFOLD_CACHE, " +
      "XDG_CACHE_HOME and HOME is set or may be read; set OVERFOLD_CACHE to a folder " +
      "(and allow reading it, --allow-env)",
  );
}

/** A cache that need not be there for anything to work. */
interface OptionalCache {
  readonly folder: string;
  /** Whether it may be written to. */
  readonly isWritable: boolean;
}

/** The cache, by default {@link cacheFolder}, if there is one that may be read without asking anyone. */
export function optionalCache(given?: string): OptionalCache | undefined {
  const may = (name: "read" | "write", path: string) =>
    Deno.permissions.querySync({ name, path }).state === "granted";
  try {
    const folder = given ?? cacheFolder();
    return may("read", folder) ? { folder, isWritable: may("write", folder) } : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
