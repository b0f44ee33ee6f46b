/** Paths that begin at the person's own folder, in places where no shell expands them. */
import { join } from "node:path";
import { InputError } from "../errors.ts";

/**
 * A path whose `~` or `~/` at the beginning stands for the folder `$HOME`. Throws InputError where
 * that is not set or may not be read.
 *
 * @param get the value of an environment variable
 */
export function fromHome(path: string, get = readableVariable): string {
  if (!/^~([/\\]|$)/.test(path)) return path;
  const home = get("HOME");
  if (home) return join(home, path.slice(1));
  throw new InputError(
    `${path}: the environment variable HOME, for which ~ stands, is not set or may not be read; ` +
      "write the folder out",
  );
}

/** An environment variable; one that this process may not read counts as not set. */
export function readableVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
