/** Validates and resolves names in archives. */
import { dirname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { abridged } from "../../reporting/format.ts";

/** Longest name of an entry in bytes, which every system supports. */
const MAX_NAME_BYTES = 255;

/** Resolved paths, without conflicts between files and folders. */
export class EntryPaths {
  readonly #folders = new Set<string>();
  /** Paths of files. */
  readonly files = new Set<string>();

  constructor(private readonly archive: string) {}

  /**
   * The path of an entry, relative to the folder in which the archive is unpacked; `.` for that folder
   * itself. Throws InputError for a name that leads outside it or is too long.
   */
  pathOf(name: string): string {
    return join(...safeParts(name, this.archive));
  }

  /** Registers a file. Throws InputError if a folder has its path, or a file that of one of its folders. */
  add(path: string, name: string): void {
    const above = foldersOf(path);
    if (this.#folders.has(path) || above.some((folder) => this.files.has(folder))) {
      throw new InputError(
        `${this.archive}: entry ${
          JSON.stringify(name)
        } conflicts with another: a file and a folder of the same name; delete the archive`,
      );
    }
    above.forEach((folder) => this.#folders.add(folder));
    this.files.add(path);
  }
}

/** The parent folders of a relative path. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.push(folder);
  return folders;
}

function safeParts(name: string, archive: string): string[] {
  const { length } = new TextEncoder().encode(name);
  if (length > MAX_NAME_BYTES) {
    throw new InputError(
      `${archive}: entry ${abridged(JSON.stringify(name), 50)} has a name of ${length} bytes; ` +
        `expected at most ${MAX_NAME_BYTES}; delete the archive`,
    );
  }
  const parts = name.split(/[/\\]/);
  const escapes = parts[0] === "" || /^[a-z]:/i.test(name) || parts.includes("..") ||
    name.includes("\0");
  if (escapes) {
    throw new InputError(
      `${archive}: entry ${JSON.stringify(name)} would be written outside its folder`,
    );
  }
  return parts.filter((part) => part !== "" && part !== ".");
}
