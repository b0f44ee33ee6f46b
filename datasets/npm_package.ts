/** Finding the files of an npm package through Deno's own npm client. */
import { createRequire } from "node:module";
import { dirname } from "node:path";

/** An npm package in an exact version. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * The folder of the main file of an npm package, fetched first if it is not in Deno's cache.
 * Whichever registry the user has configured is asked. Throws what Deno throws if it is not available.
 */
export async function npmPackageFolder({ name, version }: NpmPackage): Promise<string> {
  // Not a literal: Deno would fetch that whenever this module is loaded.
  const specifier: string = `npm:${name}@${version}`;
  await import(specifier);
  return dirname(createRequire(resolutionBase()).resolve(name));
}

/** A file address to resolve from; a library that was loaded from the web has none of its own. */
function resolutionBase(): string {
  if (import.meta.url.startsWith("file:")) return import.meta.url;
  return Deno.build.os === "windows" ? "file:///C:/" : "file:///";
}
