/**
 * What a dataset's files must hash to, when they come and whenever they are read. The cache's folder
 * of a dataset holds what is published and nothing else. Files of other checksums, which a person may
 * ask for, have a folder of their own, with a list of what they hashed to when they came.
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type Checksum, digestOfFile, parseChecksum } from "../files/checksum.ts";
import type { LocatedFile, LocateOptions, PublishedFiles } from "./published_files.ts";

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
export function isOfOtherSums({ checksums = {} }: LocateOptions): boolean {
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

/** What the dataset's files in the cache must hash to, by name. */
export async function knownSums(
  dataset: PublishedFiles,
  home: string,
  options: LocateOptions,
): Promise<ReadonlyMap<string, Checksum>> {
  const sums = isOfOtherSums(options) ? await readSums(home) : publishedSums(dataset);
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
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Lists what files hash to that have just come. */
export async function listSums(files: Iterable<LocatedFile>, home: string): Promise<void> {
  const sums: Record<string, string> = {};
  for (const { path } of files) {
    sums[basename(path)] = `sha256:${await digestOfFile(path, "sha256")}`;
  }
  await writeFileAtomic(join(home, SUMS), JSON.stringify(sums));
}
