/** Finds the files of an npm package through Deno's own npm client. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** An npm package with an exact version. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * The folder of an npm package, fetched and unpacked first if it is not in Deno's cache. None of its code
 * runs: only its manifest is imported, as data. Uses the registry that the user has configured. Throws
 * Deno's error if it is not available.
 */
export async function npmPackageFolder({ name, version }: NpmPackage): Promise<string> {
  // Not a literal, which Deno would fetch whenever this module is loaded.
  const manifest: string = `npm:${name}@${version}/package.json`;
  await import(manifest, { with: { type: "json" } });
  return dirname(fileURLToPath(import.meta.resolve(manifest)));
}
