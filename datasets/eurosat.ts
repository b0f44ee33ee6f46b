import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import { holdOutSchema, splitSeedSchema } from "./folder/options.ts";
import { stratified } from "./folder/split.ts";
import {
  openPublishedPictures,
  pictureArchive,
  type PublishedPictures,
} from "./published_pictures.ts";

const schema = z.object({ holdOut: holdOutSchema, splitSeed: splitSeedSchema });

/** Classes and their numbers of images. */
const CLASSES: Readonly<Record<string, number>> = {
  AnnualCrop: 3000,
  Forest: 3000,
  HerbaceousVegetation: 3000,
  Highway: 2500,
  Industrial: 2500,
  Pasture: 2000,
  PermanentCrop: 2500,
  Residential: 3000,
  River: 2500,
  SeaLake: 3000,
};

/** EuroSAT in colour (P. Helber and others, 2019). */
export const eurosat: DatasetEntry<typeof schema> = {
  about: "27,000 satellite images of Europe, 64×64, in 10 classes (P. Helber and others, 2019)",
  schema,
  build: (options, where) => openPublishedPictures(eurosatOf(options), where),
};

/** The dataset; as no split is published, it is drawn. */
export function eurosatOf(
  split: z.output<typeof schema>,
  classes = CLASSES,
): PublishedPictures {
  const classNames = Object.keys(classes);
  return {
    info: {
      name: "eurosat",
      title: "EuroSAT",
      classNames,
      sizes: sizesOf(Object.values(classes), split),
      usualSize: 64,
    },
    files: [],
    folders: classNames,
    gzipped: false,
    layouts: [".", "2750", "EuroSAT/2750", "eurosat/2750", "EuroSAT_RGB"],
    remoteFiles: [
      pictureArchive("EuroSAT.zip", [
        "https://madm.dfki.de/files/sentinel/EuroSAT.zip",
        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/" +
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
      ], { md5: "c8fa014336c82ac7804f0398fcb19387", bytes: 94_280_567, maxEntries: 30_000 }),
    ],
    find: ({ folder }, { cache, onNotice, onWork }) =>
      findPictures(folder, { cache, onNotice, onWork, classes: classNames }),
    split,
  };
}

/** The numbers of training and validation images, given those of the classes. */
function sizesOf(
  counts: readonly number[],
  { holdOut }: z.output<typeof schema>,
): { readonly train: number; readonly test: number } {
  const labels = counts.flatMap((count, label) => Array<number>(count).fill(label));
  const pictures = Uint32Array.from(labels, (_, i) => i);
  const { train, held } = stratified(pictures, (i) => labels[i], counts.length, holdOut);
  return { train: train.length, test: held.length };
}
