import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import {
  openPublishedPictures,
  pictureArchive,
  PictureLister,
  type PublishedPictures,
  rowsOf,
} from "./published_pictures.ts";
import { checkLabel } from "./records.ts";
import { TINY_IMAGENET_CLASSES } from "./tiny_imagenet_classes.ts";

const schema = z.object({});

const FOLDER = "tiny-imagenet-200";
const LIST = "val/val_annotations.txt";
/** Disk space per file on most disks. */
const BLOCK_BYTES = 4096;

/** Tiny ImageNet (Stanford's course CS231n, 2015), without its unlabelled test images. */
export const tinyImagenet: DatasetEntry<typeof schema> = {
  about: "110,000 images of 200 ImageNet classes, 64×64 (Stanford's course CS231n, 2015)",
  schema,
  build: (_, where) => openPublishedPictures(tinyImagenetOf(), where),
};

/** The dataset. */
export function tinyImagenetOf(
  classes: Readonly<Record<string, string>> = TINY_IMAGENET_CLASSES,
  sizes = { train: 100_000, test: 10_000 },
): PublishedPictures {
  const folders = Object.keys(classes);
  const maxEntries = 150_000;
  const dataset: PublishedPictures = {
    info: {
      name: "tiny_imagenet",
      title: "Tiny ImageNet",
      classNames: Object.values(classes),
      sizes,
      usualSize: 64,
    },
    files: [LIST],
    folders: ["train", "val/images"],
    gzipped: false,
    layouts: [".", FOLDER, `${FOLDER}/${FOLDER}`],
    remoteFiles: [{
      ...pictureArchive(`${FOLDER}.zip`, [`http://cs231n.stanford.edu/${FOLDER}.zip`], {
        md5: "90528d7ca1a48142e341f4ef8d21d0de",
        bytes: 248_100_043,
        maxEntries,
      }),
      unpackedBytes: (sizes.train + sizes.test) * BLOCK_BYTES,
      unpack: { maxEntries, only: /^tiny-imagenet-200\/(train|val)\/.*\.(JPEG|txt)$/ },
    }],
    async find({ folder, files }, { cache, onNotice, onWork }) {
      const training = await findPictures(`${folder}/train`, {
        cache,
        onNotice,
        onWork,
        classes: folders,
      });
      const found = new PictureLister();
      for (let i = 0; i < training.paths.count; i++) {
        found.add(`train/${training.paths.relative(i)}`, training.labels.firstOf(i));
      }
      found.beginValidation();
      const file = files.get(LIST)!;
      // For example `val_0.JPEG n03444034 0 32 44 62`, separated by tabs.
      const rows = await rowsOf(file, /^([\w]+\.JPEG)\s+(n\d+)\b/, "tiny_imagenet");
      for (const [i, [name, wordnet]] of rows.entries()) {
        const label = folders.indexOf(wordnet);
        found.add(`val/images/${name}`, checkLabel(label, i, dataset.info, file.path));
      }
      return found.done(folder);
    },
  };
  return dataset;
}
