/**
 * Datasets of images that are published as archives, of which everything except the images is built in.
 * They are unpacked once and then read as files.
 */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { DatasetInfo, OpenOptions, OpenPictures } from "./dataset.ts";
import type { FoundPictures } from "./folder/classes.ts";
import { Labels } from "./folder/labels.ts";
import { openLabelled, PICTURE_STATISTICS } from "./folder/open.ts";
import type { HoldOut } from "./folder/split.ts";
import { LABELS } from "./image_source.ts";
import { locateFiles } from "./locate.ts";
import { PathList } from "./paths.ts";
import { downloadBytesOf } from "./published.ts";
import type { LocatedFile, LocatedFiles, PublishedFiles, RemoteFile } from "./published_files.ts";
import { howToMend, readDataFile } from "./records.ts";

/** Most bytes of a list of images. */
const MAX_LISTED = 2 ** 25;

/** Images and the class of each. */
type LabelledPaths = Pick<FoundPictures, "paths" | "labels" | "trainCount">;

/** A published dataset of colour images. */
export interface PublishedPictures extends PublishedFiles {
  readonly info: Pick<DatasetInfo, "name" | "title" | "classNames" | "sizes"> & {
    /** See {@link OpenPictures}. */
    readonly usualSize?: number;
  };
  /** Finds the images in its folder. Throws InputError if it is damaged. */
  find(located: LocatedFiles, where: OpenOptions): Promise<LabelledPaths>;
  /** The validation images, if no split is published. */
  readonly split?: { readonly holdOut: HoldOut; readonly splitSeed: number };
}

/** An archive of images, of the same name on a mirror, with at most `maxEntries` files and folders. */
export function pictureArchive(
  name: string,
  urls: readonly string[],
  { md5, bytes, maxEntries }: {
    readonly md5: string;
    readonly bytes: number;
    readonly maxEntries: number;
  },
): RemoteFile {
  return {
    name,
    urls,
    mirrorPath: name,
    checksum: `md5:${md5}`,
    bytes,
    // Images are already compressed.
    recordBytes: Math.ceil(1.25 * bytes),
    unpack: { maxEntries },
  };
}

/** Opens a published dataset of images; it is located when it is needed. */
export function openPublishedPictures(
  dataset: PublishedPictures,
  where: OpenOptions,
): OpenPictures {
  const { info: { name, title, classNames, sizes, usualSize }, split } = dataset;
  let located: LocatedFiles | undefined;
  const locate = async () => located ??= await locateFiles(dataset, where);
  return {
    info: {
      name,
      title,
      classNames,
      sizes,
      channels: 3,
      statistics: PICTURE_STATISTICS[3],
      targets: { labels: LABELS },
      ...(usualSize ? { usualSize } : {}),
    },
    downloadBytes: downloadBytesOf(dataset),
    locate: async () => (await locate()).folder,
    async load() {
      const found = await locate();
      const { paths, labels, trainCount } = await dataset.find(found, where);
      const expected = split ? [sizes.train + sizes.test, 0] : [sizes.train, sizes.test];
      const counts = [trainCount, paths.count - trainCount];
      if (counts.some((count, i) => count !== expected[i])) {
        const told = (numbers: readonly number[]) => numbers.map(formatCount).join(" and ");
        throw new InputError(
          `${found.folder}: contains ${
            told(counts)
          } images for training and validation, expected ` +
            `${told(expected)}; ${howToMend(name)}`,
        );
      }
      return openLabelled({
        name,
        title,
        root: found.folder,
        classNames,
        channels: 3,
        paths,
        labels,
        trainCount,
        splitSeed: 0,
        // Some are published damaged; other libraries, too, accept what can be decoded.
        damaged: true,
        ...split,
      }, where).load();
    },
  };
}

/** Collects images, the training images first. */
export class PictureLister {
  readonly #paths = new PathList();
  readonly #labels = new Labels(false);
  #trainCount = 0;

  /** Adds an image by its path relative to the folder. */
  add(path: string, label: number): void {
    this.#paths.add(path);
    this.#labels.add(label);
  }

  /** Starts the validation images. */
  beginValidation(): void {
    this.#trainCount = this.#paths.count;
  }

  /** All of them, in `folder`. */
  done(folder: string): LabelledPaths {
    const [paths, labels] = [this.#paths.done(folder), this.#labels];
    return { paths, labels, trainCount: this.#trainCount };
  }
}

/** The lines of a list as a pattern's groups. Throws InputError, with the number, for a line that differs. */
export async function rowsOf(
  file: LocatedFile,
  pattern: RegExp,
  dataset: string,
): Promise<readonly (readonly string[])[]> {
  const text = new TextDecoder().decode(await readDataFile(file, MAX_LISTED, dataset));
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const [, ...groups] = pattern.exec(line.trim()) ?? [];
    if (groups.length > 0) return [groups];
    throw new InputError(
      `${file.path}:${i + 1}: found ${
        JSON.stringify(line.slice(0, 100))
      }, expected a line in the ` +
        `published form; ${howToMend(dataset)}`,
    );
  });
}

/** The number of a class. Throws InputError if the dataset does not have it. */
export function classOf(
  name: string,
  { info: { name: dataset, classNames } }: PublishedPictures,
  file: LocatedFile,
): number {
  const label = classNames.indexOf(name);
  if (label >= 0) return label;
  throw new InputError(
    `${file.path}: found the class ${JSON.stringify(name)}, which is not a class of ${dataset}; ` +
      howToMend(dataset),
  );
}

/** Choice among three published sets. */
export const setsSchema = {
  train: z.enum(["trainval", "train"]).default("trainval").describe(
    "The published sets to train on: train and val together, or train",
  ),
  validation: z.enum(["test", "val"]).default("test").describe("The published set that validates"),
};

/** The chosen sets: those to train on, and the one to validate on. */
export function setsOf(
  { train, validation }: {
    readonly train: "trainval" | "train";
    readonly validation: "test" | "val";
  },
): { readonly train: readonly ("train" | "val")[]; readonly validation: "test" | "val" } {
  if (train === "trainval" && validation === "val") {
    throw new InputError("found val, which is part of trainval; expected test, or train: train", {
      at: ["validation"],
    });
  }
  return { train: train === "trainval" ? ["train", "val"] : ["train"], validation };
}
