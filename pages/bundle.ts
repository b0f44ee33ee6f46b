/** Bundles the scripts of pages, TypeScript with all its imports, for a browser. */
import { RunError } from "../errors.ts";

/**
 * Returns one script for each entry, by its name: `page.js` of `page.ts`. Throws RunError if bundling
 * fails.
 *
 * @param entries with different names
 */
export async function bundleScripts(entries: readonly URL[]): Promise<Record<string, Uint8Array>> {
  if (!Deno.bundle) {
    throw new RunError("the page needs Deno's bundler: run this command with --unstable-bundle");
  }
  const { success, errors, outputFiles = [] } = await Deno.bundle({
    entrypoints: entries.map(({ href }) => href),
    outputDir: "page",
    platform: "browser",
    minify: true,
    write: false,
  });
  if (!success) {
    throw new RunError(
      `the page's scripts could not be bundled: ${errors.map(({ text }) => text).join("; ")}`,
    );
  }
  return Object.fromEntries(
    outputFiles.map(({ path, contents }) => [
      path.replace(/^.*[/\\]/, ""),
      contents ?? new Uint8Array(),
    ]),
  );
}
