/** Names of incomplete files. */
import { basename, dirname, join } from "node:path";

/** Characters kept of a name: with the additions, it is not too long for any file system. */
const KEPT = 50;

/** A unique name next to `path`, for preparing its contents. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${beginning(path)}.${unique()}.tmp`);
}

/** Like {@link temporaryPath} with a visible name, for a file that is useful while incomplete. */
export function partialPath(path: string): string {
  return join(dirname(path), `${beginning(path)}.${unique()}.part`);
}

/**
 * Deletes what killed processes left of `path`: files and folders with a name of {@link temporaryPath}.
 * No other process may be writing there.
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
