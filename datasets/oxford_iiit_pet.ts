import { InputError } from "../errors.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import {
  openPublishedPictures,
  pictureArchive,
  PictureLister,
  type PublishedPictures,
  rowsOf,
} from "./published_pictures.ts";
import { checkLabel, howToMend } from "./records.ts";

const schema = z.object({});

/** Class names in the order of their numbers; file names have them with `_`. */
const CLASS_NAMES = ("Abyssinian|American Bulldog|American Pit Bull Terrier|Basset Hound|Beagle|" +
  "Bengal|Birman|Bombay|Boxer|British Shorthair|Chihuahua|Egyptian Mau|English Cocker Spaniel|" +
  "English Setter|German Shorthaired|Great Pyrenees|Havanese|Japanese Chin|Keeshond|Leonberger|" +
  "Maine Coon|Miniature Pinscher|Newfoundland|Persian|Pomeranian|Pug|Ragdoll|Russian Blue|" +
  "Saint Bernard|Samoyed|Scottish Terrier|Shiba Inu|Siamese|Sphynx|Staffordshire Bull Terrier|" +
  "Wheaten Terrier|Yorkshire Terrier").split("|");

const HOST = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/";
const FOLDER = "oxford-iiit-pet";
const LISTS = { train: "annotations/trainval.txt", test: "annotations/test.txt" } as const;

/** The Oxford-IIIT pets (O. Parkhi and others, 2012), by their breeds. */
export const oxfordIiitPet: DatasetEntry<typeof schema> = {
  about: "7,349 images of cats and dogs of 37 breeds (O. Parkhi and others, 2012)",
  schema,
  build: (_, where) => openPublishedPictures(oxfordIiitPetOf(), where),
};

/** The dataset. */
export function oxfordIiitPetOf(
  classNames: readonly string[] = CLASS_NAMES,
  sizes = { train: 3680, test: 3669 },
): PublishedPictures {
  const maxEntries = 50_000;
  const dataset: PublishedPictures = {
    info: { name: "oxford_iiit_pet", title: "Oxford-IIIT Pet", classNames, sizes },
    files: [LISTS.train, LISTS.test],
    folders: ["images"],
    gzipped: false,
    layouts: [".", FOLDER],
    remoteFiles: [
      {
        name: "annotations.tar.gz",
        into: FOLDER,
        urls: [`${HOST}annotations.tar.gz`],
        mirrorPath: `${FOLDER}/annotations.tar.gz`,
        checksum: "md5:95a8c909bbe2e81eed6a22bccdf3f68f",
        bytes: 19_173_078,
        // Other files in it compress better than images.
        recordBytes: 2 ** 28,
        unpackedBytes: 2 ** 20,
        unpack: { maxEntries, only: /(^|\/)annotations\/[a-z]+\.txt$/ },
      },
      {
        ...pictureArchive("images.tar.gz", [`${HOST}images.tar.gz`], {
          md5: "5c4f3ee8e5d25df40f4fd59a7f44e54c",
          bytes: 791_918_971,
          maxEntries,
        }),
        into: FOLDER,
        mirrorPath: `${FOLDER}/images.tar.gz`,
      },
    ],
    async find({ folder, files }) {
      const { info } = dataset;
      const found = new PictureLister();
      const add = async (list: string) => {
        const file = files.get(list)!;
        // For example `Abyssinian_100 1 1 1`: the image, its breed, its species, its breed within those.
        const rows = await rowsOf(file, /^(([^\s/\\.]+)_\d+) (\d+) \d+ \d+$/, info.name);
        for (const [i, [picture, breed, number]] of rows.entries()) {
          const label = checkLabel(Number(number) - 1, i, info, file.path);
          const name = breed.replaceAll("_", " ");
          if (name.toLowerCase() !== classNames[label].toLowerCase()) {
            throw new InputError(
              `${file.path}: ${picture} is of class ${number}, expected ${classNames[label]}; ` +
                howToMend(info.name),
            );
          }
          found.add(`images/${picture}.jpg`, label);
        }
      };
      await add(LISTS.train);
      found.beginValidation();
      await add(LISTS.test);
      return found.done(folder);
    },
  };
  return dataset;
}
