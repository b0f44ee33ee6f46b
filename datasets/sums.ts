/**
 * What a dataset's files must hash to, when they come and whenever they are read. The cache's folder
 * of a dataset holds what is published and nothing else. Files of other checksums, which a person may
 * ask for, have a folder of their own. What files hashed to when they came is listed in either, unless
 * it is published.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type Checksum, digestOfFile, parseChecksum } from "../files/checksum.ts";
import type { LocatedFiles, LocateOptions, PublishedFiles } from "./published_files.ts";

/** The checksum of every file that may be fetched; undefined where none is checked. */
export function chooseChecksums(
  dataset: PublishedFiles,
  overrides: Readonly<Record<string, string>>,
): Map<string, Checksum | undefined> {
  const files = [...dataset.remoteFiles, ...dataset.package?.files ?? []];
  const known = new Set(files.map((file) => file.name));
  for (const name of Object.keys(overrides)) {
    if (!known.has(name)) {
      throw new InputError(
        `data.checksums: ${dataset.info.name} has no file "${name}"; its files are ` +
          [...known].join(", "),
      );
    }
  }
  return new Map(files.map(({ name, checksum }) => [
    name,
    parseChecksum(overrides[name] ?? checksum, `data.checksums.${name}`),
  ]));
}

/** Whether a person has asked for other files than those that are published. */
function isOfOtherSums({ checksums = {} }: LocateOptions): boolean {
  return Object.keys(checksums).length > 0;
}

/** The dataset's folder in the cache: that of what is published, or one for what was asked for. */
export function folderName({ info: { name } }: PublishedFiles, options: LocateOptions): string {
  if (!isOfOtherSums(options)) return name;
  const sums = Object.entries(options.checksums!).sort();
  // What is not checked depends on who serves it.
  const server = sums.some(([, sum]) => sum === "none") ? options.mirror : undefined;
  const asked = JSON.stringify([sums, server]);
  return `${name}-${createHash("sha256").update(asked).digest("hex").slice(0, 16)}`;
}

const SUMS = "sums.json";

/**
 * What the dataset's files in the cache must hash to, by name. Of those in an archive of which only the
 * archive's own checksum is published it is what they hashed to when they came.
 */
export async function knownSums(
  dataset: PublishedFiles,
  home: string,
  options: LocateOptions,
): Promise<ReadonlyMap<string, Checksum>> {
  const published = isOfOtherSums(options) ? [] : publishedSums(dataset);
  const sums = [...await readSums(home), ...published];
  return new Map(sums.flatMap(([name, sum]) => {
    const checksum = parseChecksum(sum, `${join(home, SUMS)}: ${name}`);
    return checksum ? [[name, checksum]] : [];
  }));
}

function publishedSums({ remoteFiles, package: carrier }: PublishedFiles): [string, string][] {
  return [
    ...remoteFiles,
    ...remoteFiles.flatMap(({ contents = [] }) => contents),
    ...carrier?.files ?? [],
  ]
    .map(({ name, checksum }) => [name, checksum]);
}

async function readSums(home: string): Promise<[string, string][]> {
  try {
    return Object.entries(JSON.parse(await Deno.readTextFile(join(home, SUMS))));
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if ([NotFound, NotADirectory, SyntaxError].some((kind) => error instanceof kind)) return [];
    throw error;
  }
}

/** Lists what files hash to that have just come, where it is not published, beside those before. */
export async function listSums(
  dataset: PublishedFiles,
  files: LocatedFiles["files"],
  home: string,
  options: LocateOptions,
): Promise<void> {
  const published = new Map(isOfOtherSums(options) ? [] : publishedSums(dataset));
  const names = [...files].map(([file, { path }]): [string, string] => [
    path.endsWith(`${file}.gz`) ? `${file}.gz` : file,
    path,
  ]);
  const unknown = names.filter(([name]) => !published.has(name));
  if (unknown.length === 0) return;
  const sums = Object.fromEntries(await readSums(home));
  for (const [name, path] of unknown) sums[name] = `sha256:${await digestOfFile(path, "sha256")}`;
  await writeFileAtomic(join(home, SUMS), JSON.stringify(sums));
}
