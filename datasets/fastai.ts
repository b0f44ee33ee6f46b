/** Parts of ImageNet that fast.ai publishes (J. Howard, 2019): ten classes, in three sizes. */
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import {
  openPublishedPictures,
  pictureArchive,
  type PublishedPictures,
} from "./published_pictures.ts";

const schema = z.object({
  size: z.union([z.literal("full"), z.literal(320), z.literal(160)]).default("full").describe(
    "The images as published in full, or scaled to 320 or 160 pixels on the shorter side",
  ),
});

type Size = z.output<typeof schema>["size"];

/** One of these datasets. */
interface FastaiDataset extends Pick<PublishedPictures["info"], "name" | "title" | "sizes"> {
  readonly about: string;
  /** Name of the archive of the full size, without its extension. */
  readonly archive: string;
  readonly published: Readonly<Record<Size, { readonly md5: string; readonly bytes: number }>>;
  /** Class names by folder, which is a WordNet ID. */
  readonly classes: Readonly<Record<string, string>>;
}

/** The entry of one of these datasets. */
export function fastaiEntry(dataset: FastaiDataset): DatasetEntry<typeof schema> {
  return {
    about: dataset.about,
    schema,
    build: ({ size }, where) => openPublishedPictures(fastaiOf(dataset, size), where),
  };
}

/** One of these datasets in one size. */
export function fastaiOf(
  { archive, published, classes, name, title, sizes }: FastaiDataset,
  size: Size,
): PublishedPictures {
  const folder = size === "full" ? archive : `${archive}-${size}`;
  return {
    info: {
      name,
      title,
      classNames: Object.values(classes),
      sizes,
      ...(size === 160 ? { usualSize: size } : {}),
    },
    files: [],
    folders: ["train", "val"],
    gzipped: false,
    layouts: [".", folder, `${folder}/${folder}`],
    remoteFiles: [
      pictureArchive(
        `${folder}.tgz`,
        [`https://s3.amazonaws.com/fast-ai-imageclas/${folder}.tgz`],
        { ...published[size], maxEntries: 30_000 },
      ),
    ],
    find: ({ folder }, { cache, onNotice, onWork }) => {
      const folders = Object.keys(classes);
      return findPictures(folder, { cache, onNotice, onWork, classes: folders, validation: "val" });
    },
  };
}
