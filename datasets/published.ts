/** Datasets that are published as files, of which everything but the pixels is known beforehand. */
import { InputError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry, DatasetInfo, Splits } from "./dataset.ts";
import { locateFiles, type PublishedFiles } from "./locate.ts";

const schema = z.object({});

/** A dataset published as files. */
export interface PublishedDataset extends PublishedFiles {
  readonly info: DatasetInfo;
  /** One sentence: what is in it and who made it. */
  readonly about: string;
  /** Reads the files of a folder. Throws InputError for one that is truncated or corrupted. */
  load(folder: string): Promise<Splits>;
}

/** The entry of a published dataset. */
export function publishedEntry(dataset: PublishedDataset): DatasetEntry<typeof schema> {
  const { about, info } = dataset;
  return {
    about,
    schema,
    build: (_, where) => {
      const locate = () => locateFiles(dataset, where);
      return { info, locate, load: async () => await loadFrom(dataset, await locate()) };
    },
  };
}

async function loadFrom(dataset: PublishedDataset, folder: string): Promise<Splits> {
  try {
    return await dataset.load(folder);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${folder}: cannot be read: ${refusal}`, { cause: error });
  }
}
