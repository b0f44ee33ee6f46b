/** Libraries that Deno fetches into its cache when they are first needed. */
import { RunError } from "../errors.ts";

/** Deno's message about a module that is not in its cache and cannot be fetched. */
const UNAVAILABLE =
  /^(?:(?:Failed loading \S+ for package|Failed caching npm package|Could not find npm package|npm package) ["'](.+?)["']|Import '(https?:.+?)' failed)/;

/**
 * A RunError that names the missing library, the reason and what to do; undefined for an error with
 * another cause.
 */
export function missingLibrary(error: unknown): RunError | undefined {
  const message = error instanceof Error ? error.message : "";
  const [, npm, address] = UNAVAILABLE.exec(message) ?? [];
  const library = npm ?? address;
  if (library === undefined) return undefined;
  const [, cause] = message.split("\n");
  const reason = cause?.replace(/^\s*\d+: /, "") ?? message;
  return new RunError(
    `the library ${library} is needed, but is not in Deno's cache and cannot be fetched: ${reason}\n` +
      "With a network connection, run `overfold fetch` (deno task fetch) once: it caches the " +
      "libraries of all commands; `deno info` shows in which folder",
    { cause: error },
  );
}

/**
 * Imports a module that may have to be fetched first. Deno fetches static imports before anything runs,
 * but not this one. Throws RunError if it is unavailable, with the advice `otherwise`.
 */
export async function importLibrary<T>(specifier: string, otherwise?: string): Promise<T> {
  try {
    return await import(specifier);
  } catch (error) {
    const missing = missingLibrary(error);
    if (missing && otherwise) {
      throw new RunError(`${missing.message}; ${otherwise}`, { cause: error });
    }
    throw missing ?? error;
  }
}
