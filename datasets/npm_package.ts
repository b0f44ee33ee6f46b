/** Finding the files of an npm package through Deno's own npm client. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** An npm package in an exact version. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * The folder of an npm package, fetched and unpacked first if it is not in Deno's cache. Nothing in
 * it is run: what is imported is its manifest, as data. Whichever registry the user has configured is
 * asked. Throws what Deno throws if it is not available.
 */
export async function npmPackageFolder({ name, version }: NpmPackage): Promise<string> {
  // Not a literal: Deno would fetch that whenever this module is loaded.
  const manifest: string = `npm:${name}@${version}/package.json`;
  await import(manifest, { with: { type: "json" } });
  return dirname(fileURLToPath(import.meta.resolve(manifest)));
}
