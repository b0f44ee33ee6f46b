/** Datasets that are published as files, of which everything but the pixels is known beforehand. */
import { InputError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry, DatasetInfo, OpenDataset, Splits } from "./dataset.ts";
import { locateFiles } from "./locate.ts";
import type { LocatedFiles, LocateOptions, PublishedFiles } from "./published_files.ts";

const schema = z.object({});

/** A dataset published as files. */
export interface PublishedDataset extends PublishedFiles {
  readonly info: DatasetInfo;
  /** One sentence: what is in it and who made it. */
  readonly about: string;
  /** Reads the files. Throws InputError for one that is truncated, corrupted or another one. */
  load(files: LocatedFiles["files"]): Promise<Splits>;
}

/** An entry of images of one size. */
interface PublishedEntry extends DatasetEntry<typeof schema> {
  build(options: z.output<typeof schema>, where: LocateOptions): OpenDataset;
}

/** The entry of a published dataset. */
export function publishedEntry(dataset: PublishedDataset): PublishedEntry {
  const { about, info } = dataset;
  return {
    about,
    schema,
    build: (_, where) => {
      let located: LocatedFiles | undefined;
      const locate = async () => located ??= await locateFiles(dataset, where);
      return {
        info,
        locate: async () => (await locate()).folder,
        load: async () => await loadFrom(dataset, await locate()),
      };
    },
  };
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
