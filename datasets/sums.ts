/**
 * Checksums of a dataset's files, verified after a download and on every read. The cache folder of a
 * dataset contains only what is published. Files of other checksums, which the user may request, have their
 * own folder. Each folder lists the checksums of its downloaded files, unless they are published.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type Checksum, digestOfFile, parseChecksum } from "../files/checksum.ts";
import type { LocatedFiles, LocateOptions, PublishedFiles } from "./published_files.ts";

/** The checksum of every downloadable file; undefined if it is not checked. */
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

/** Whether the user requested files other than the published ones. */
function isOfOtherSums({ checksums = {} }: LocateOptions): boolean {
  return Object.keys(checksums).length > 0;
}

/** The dataset's cache folder: the one of the published files, or one for the requested files. */
export function folderName({ info: { name } }: PublishedFiles, options: LocateOptions): string {
  if (!isOfOtherSums(options)) return name;
  const sums = Object.entries(options.checksums!).sort();
  // Without a checksum, the contents depend on the server.
  const server = sums.some(([, sum]) => sum === "none") ? options.mirror : undefined;
  const asked = JSON.stringify([sums, server]);
  return `${name}-${createHash("sha256").update(asked).digest("hex").slice(0, 16)}`;
}

const SUMS = "sums.json";

/**
 * Checksums of the dataset's files in the cache, by name. If only an archive's checksum is published, those
 * of its files are the ones recorded after the download.
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

/** Adds the checksums of new files that are not published to the list. */
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
