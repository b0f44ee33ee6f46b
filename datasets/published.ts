/** Datasets that are published as files, of which everything except the pixels is built in. */
import { InputError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";
import { sum } from "../reporting/statistics.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry, DatasetInfo, OpenDataset, Splits } from "./dataset.ts";
import { locateFiles } from "./locate.ts";
import type { LocatedFiles, LocateOptions, PublishedFiles } from "./published_files.ts";

const schema = z.object({});

/** A dataset published as files. */
export interface PublishedDataset extends PublishedFiles {
  readonly info: DatasetInfo;
  /** Reads the files. Throws InputError for one that is truncated, corrupt or different. */
  load(files: LocatedFiles["files"]): Promise<Splits>;
}

/** The entry of a dataset of images of one size. */
interface PublishedEntry extends DatasetEntry<typeof schema> {
  build(options: z.output<typeof schema>, where: LocateOptions): OpenDataset;
}

/** The entry of a published dataset without options; `about` describes it and names its authors. */
export function publishedEntry(
  { about, ...dataset }: PublishedDataset & { readonly about: string },
): PublishedEntry {
  return { about, schema, build: (_, where) => openPublished(dataset, where) };
}

/** Opens a published dataset; its files are located when they are needed. */
export function openPublished(dataset: PublishedDataset, where: LocateOptions): OpenDataset {
  let located: LocatedFiles | undefined;
  const locate = async () => located ??= await locateFiles(dataset, where);
  return {
    info: dataset.info,
    downloadBytes: downloadBytesOf(dataset),
    locate: async () => (await locate()).folder,
    load: async () => await loadFrom(dataset, await locate()),
  };
}

/** Total bytes to download. */
export function downloadBytesOf({ remoteFiles }: PublishedFiles): number {
  return sum(remoteFiles.map(({ bytes }) => bytes));
}

async function loadFrom(
  dataset: PublishedDataset,
  { folder, files }: LocatedFiles,
): Promise<Splits> {
  try {
    return await dataset.load(files);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${folder}: cannot be read: ${refusal}`, { cause: error });
  }
}
