/** The folder in which downloaded and computed files are kept between runs. */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { readableVariable } from "./home.ts";

/** The environment that {@link cacheFolder} uses; by default this process's. */
interface CacheEnvironment {
  /** The value of an environment variable, if it is set. */
  readonly get: (name: string) => string | undefined;
  readonly os: typeof Deno.build.os;
}

/**
 * The folder of Overfold's cache: `$OVERFOLD_CACHE`; else the folder `overfold` in
 * `$XDG_CACHE_HOME`; else in the system's location, `~/.cache` (Linux), `~/Library/Caches` (macOS) or
 * `%LOCALAPPDATA%` (Windows). It is not created here and may not exist. Throws InputError if the
 * environment names no location.
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
    "no location for the cache: none of the environment variables OVERFOLD_CACHE, " +
      "XDG_CACHE_HOME and HOME is set and readable; set OVERFOLD_CACHE to a folder " +
      "(and allow reading it, --allow-env)",
  );
}

/** An optional cache. */
interface OptionalCache {
  readonly folder: string;
  /** Whether writing is permitted. */
  readonly isWritable: boolean;
}

/** The cache, by default {@link cacheFolder}, if it can be read without a permission prompt. */
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
