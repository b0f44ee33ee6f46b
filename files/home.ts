/** Expands `~` in paths that no shell expands. */
import { join } from "node:path";
import { InputError } from "../errors.ts";

/**
 * A path with `~` or `~/` at its start replaced by the folder `$HOME`. Throws InputError if that is not
 * set or not readable.
 *
 * @param get the value of an environment variable
 */
export function fromHome(path: string, get = readableVariable): string {
  if (!/^~([/\\]|$)/.test(path)) return path;
  const home = get("HOME");
  if (home) return join(home, path.slice(1));
  throw new InputError(
    `${path}: the environment variable HOME, for which ~ stands, is not set or not readable; ` +
      "write the full path",
  );
}

/** An environment variable; undefined if it is not set or this process may not read it. */
export function readableVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
