/** Names of files that are not whole yet. */
import { basename, dirname, join } from "node:path";

/** Characters of a name that are kept: with what is added, no file system finds it too long. */
const KEPT = 50;

/** A name beside `path` that no other process uses: the place to prepare what will be `path`. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${beginning(path)}.${unique()}.tmp`);
}

/** The same for what is of use when it is not whole: a person sees it. */
export function partialPath(path: string): string {
  return join(dirname(path), `${beginning(path)}.${unique()}.part`);
}

/**
 * Deletes what killed processes left of `path`: files and folders with a name of
 * {@link temporaryPath}. No other process may be writing there.
 */
export async function removeTemporary(path: string): Promise<void> {
  const [folder, start] = [dirname(path), `.${beginning(path)}.`];
  for await (const { name } of Deno.readDir(folder)) {
    const isOurs = name.startsWith(start) &&
      /^\d+-[0-9a-f]{8}\.tmp$/.test(name.slice(start.length));
    if (isOurs) await Deno.remove(join(folder, name), { recursive: true });
  }
}

function beginning(path: string): string {
  return basename(path).slice(0, KEPT);
}

function unique(): string {
  return `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
}
