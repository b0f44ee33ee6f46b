import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import {
  classOf,
  openPublishedPictures,
  pictureArchive,
  PictureLister,
  type PublishedPictures,
  rowsOf,
  setsOf,
  setsSchema,
} from "./published_pictures.ts";

const schema = z.object({
  ...setsSchema,
  partition: z.int().min(1).max(10).default(1).describe(
    "Which of the ten published splits to use",
  ),
});

const CLASS_NAMES =
  ("banded blotchy braided bubbly bumpy chequered cobwebbed cracked crosshatched crystalline " +
    "dotted fibrous flecked freckled frilly gauzy grid grooved honeycombed interlaced knitted " +
    "lacelike lined marbled matted meshed paisley perforated pitted pleated polka-dotted porous " +
    "potholed scaly smeared spiralled sprinkled stained stratified striped studded swirly veined " +
    "waffled woven wrinkled zigzagged").split(" ");

/** The Describable Textures Dataset (M. Cimpoi and others, 2014). */
export const dtd: DatasetEntry<typeof schema> = {
  about: "5,640 images of textures in 47 classes (M. Cimpoi and others, 2014)",
  schema,
  build: (options, where) => openPublishedPictures(dtdOf(options), where),
};

/** The dataset with the chosen sets, `perSet` images in each. */
export function dtdOf(
  options: z.output<typeof schema>,
  classNames: readonly string[] = CLASS_NAMES,
  perSet = 1880,
): PublishedPictures {
  const sets = setsOf(options);
  const listOf = (set: string, partition = options.partition) => `labels/${set}${partition}.txt`;
  const dataset: PublishedPictures = {
    info: {
      name: "dtd",
      title: "Describable Textures",
      classNames,
      sizes: { train: sets.train.length * perSet, test: perSet },
    },
    // All of them, since their checksums are recorded after the download.
    files: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((partition) =>
      ["train", "val", "test"].map((set) => listOf(set, partition))
    ),
    folders: ["images"],
    gzipped: false,
    layouts: [".", "dtd", "dtd/dtd", "dtd-r1.0.1/dtd"],
    remoteFiles: [
      pictureArchive(
        "dtd-r1.0.1.tar.gz",
        ["https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"],
        { md5: "fff73e5086ae6bdbea199a49dfb8a4c1", bytes: 625_239_812, maxEntries: 20_000 },
      ),
    ],
    async find({ folder, files }) {
      const found = new PictureLister();
      const add = async (set: string) => {
        const file = files.get(listOf(set))!;
        // For example `banded/banded_0002.jpg`.
        for (const [path, name] of await rowsOf(file, /^(([a-z-]+)\/[\w-]+\.jpg)$/, "dtd")) {
          found.add(`images/${path}`, classOf(name, dataset, file));
        }
      };
      for (const set of sets.train) await add(set);
      found.beginValidation();
      await add(sets.validation);
      return found.done(folder);
    },
  };
  return dataset;
}
