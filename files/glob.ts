/** Patterns for file names, as shells have them; Deno's own need a permission to read the environment. */
import { join, parse } from "node:path";
import { InputError } from "../errors.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount } from "../reporting/format.ts";

/** Files that one pattern may mean. */
export const MAX_FILES = 100_000;

/** The first pair of braces, and a range of numbers in one. */
const BRACES = /\{([^{}]*)\}/;
const RANGE = /^(\d{1,9})\.\.(\d{1,9})$/;

/**
 * A pattern with each pair of braces written out: `{a,b}`, `{3..5}`, `{007..120}`. Throws InputError
 * for more than {@link MAX_FILES}.
 */
export function expandBraces(pattern: string): string[] {
  let paths = [pattern];
  for (let braces; (braces = BRACES.exec(paths[0]));) {
    const parts = partsIn(braces[1], Math.floor(MAX_FILES / paths.length));
    if (!parts) throw tooManyFiles(pattern);
    paths = paths.flatMap((path) => parts.map((part) => path.replace(BRACES, () => part)));
  }
  return paths;
}

/** What braces mean; undefined for more than `most` parts. */
function partsIn(braces: string, most: number): string[] | undefined {
  const [, first, last] = RANGE.exec(braces) ?? [];
  if (first === undefined) {
    const words = braces.split(",");
    return words.length > most ? undefined : words;
  }
  const [from, to] = [Number(first), Number(last)];
  const [length, step] = [Math.abs(to - from) + 1, from <= to ? 1 : -1];
  if (length > most) return undefined;
  const digits = first.startsWith("0") ? first.length : 0;
  return Array.from({ length }, (_, i) => String(from + i * step).padStart(digits, "0"));
}

/** The error for a pattern that means too many files. */
export function tooManyFiles(pattern: string): InputError {
  return new InputError(
    `${spellName(pattern)}: more than ${formatCount(MAX_FILES)} files; name fewer at once`,
  );
}

/**
 * The paths that a pattern matches, in no particular order: `*`, `?` and `[a-z]` within a name, `**`
 * for any number of folders. Links to folders are followed except by `**`; hidden names have to be
 * spelled out.
 */
export function glob(pattern: string): AsyncGenerator<string> {
  const { root } = parse(pattern);
  const separator = Deno.build.os === "windows" ? /[\\/]+/ : /\/+/;
  return matches(root, pattern.slice(root.length).split(separator));
}

async function* matches(folder: string, [name, ...rest]: string[]): AsyncGenerator<string> {
  if (name === undefined) return yield folder;
  if (name === "**") yield* matches(folder, rest);
  else if (!/[*?[]/.test(name)) {
    const path = join(folder, name);
    if (await Deno.stat(path).catch(() => undefined)) yield* matches(path, rest);
    return;
  }
  const wanted = nameExpression(name);
  for (const entry of await entriesOf(folder)) {
    if (!wanted.test(entry.name) || entry.name.startsWith(".") && !name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (name !== "**") yield* matches(path, rest);
    else if (entry.isDirectory) yield* matches(path, [name, ...rest]);
  }
}

/** A folder's entries; none if it is no folder or cannot be read. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder || "."));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

function nameExpression(name: string): RegExp {
  const source = name.replace(
    /\[(!?)([^\]]+)\]|\*+|[?\\^$.|+(){}[\]]/g,
    (part, not, characters) => {
      if (characters) return `[${not && "^"}${characters.replace(/[\\[^]/g, "\\$&")}]`;
      return part.startsWith("*") ? ".*" : part === "?" ? "." : `\\${part}`;
    },
  );
  return new RegExp(`^${source}$`, "su");
}
