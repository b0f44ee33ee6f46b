import { InputError } from "../errors.ts";
import { sum } from "../reporting/statistics.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { matricesIn } from "./mat.ts";
import type { LocatedFile } from "./published_files.ts";
import {
  openPublishedPictures,
  pictureArchive,
  PictureLister,
  type PublishedPictures,
  setsOf,
  setsSchema,
} from "./published_pictures.ts";
import { checkLabel, howToMend, readDataFile } from "./records.ts";

const schema = z.object(setsSchema);

/** Class names in the order of their numbers. */
const CLASS_NAMES = ("pink primrose|hard-leaved pocket orchid|canterbury bells|sweet pea|" +
  "english marigold|tiger lily|moon orchid|bird of paradise|monkshood|globe thistle|snapdragon|" +
  "colt's foot|king protea|spear thistle|yellow iris|globe-flower|purple coneflower|" +
  "peruvian lily|balloon flower|giant white arum lily|fire lily|pincushion flower|fritillary|" +
  "red ginger|grape hyacinth|corn poppy|prince of wales feathers|stemless gentian|artichoke|" +
  "sweet william|carnation|garden phlox|love in the mist|mexican aster|alpine sea holly|" +
  "ruby-lipped cattleya|cape flower|great masterwort|siam tulip|lenten rose|barbeton daisy|" +
  "daffodil|sword lily|poinsettia|bolero deep blue|wallflower|marigold|buttercup|oxeye daisy|" +
  "common dandelion|petunia|wild pansy|primula|sunflower|pelargonium|bishop of llandaff|gaura|" +
  "geranium|orange dahlia|pink-yellow dahlia|cautleya spicata|japanese anemone|" +
  "black-eyed susan|silverbush|californian poppy|osteospermum|spring crocus|bearded iris|" +
  "windflower|tree poppy|gazania|azalea|water lily|rose|thorn apple|morning glory|" +
  "passion flower|lotus|toad lily|anthurium|frangipani|clematis|hibiscus|columbine|desert-rose|" +
  "tree mallow|magnolia|cyclamen|watercress|canna lily|hippeastrum|bee balm|ball moss|foxglove|" +
  "bougainvillea|camellia|mallow|mexican petunia|bromelia|blanket flower|trumpet creeper|" +
  "blackberry lily").split("|");

/** Sizes of the sets, and their names in `setid.mat`. */
const SETS = {
  train: { count: 1020, name: "trnid" },
  val: { count: 1020, name: "valid" },
  test: { count: 6149, name: "tstid" },
} as const;

const HOST = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/";
const FOLDER = "flowers-102";
/** Most numbers in either file. */
const MAX_NUMBERS = 2 ** 16;

/** Oxford's 102 flowers (M.-E. Nilsback, A. Zisserman, 2008). */
export const flowers102: DatasetEntry<typeof schema> = {
  about: "8,189 images of flowers in 102 classes (M.-E. Nilsback, A. Zisserman, 2008)",
  schema,
  build: (options, where) => openPublishedPictures(flowers102Of(options), where),
};

/** The dataset with the chosen sets. */
export function flowers102Of(
  options: z.output<typeof schema>,
  classNames: readonly string[] = CLASS_NAMES,
  counts: Readonly<Record<keyof typeof SETS, { readonly count: number }>> = SETS,
): PublishedPictures {
  const sets = setsOf(options);
  const small = (name: string, md5: string, bytes: number) => ({
    name,
    into: FOLDER,
    urls: [`${HOST}${name}`],
    mirrorPath: `${FOLDER}/${name}`,
    checksum: `md5:${md5}`,
    bytes,
    recordBytes: 8 * MAX_NUMBERS,
  });
  const dataset: PublishedPictures = {
    info: {
      name: "flowers102",
      title: "Oxford 102 Flowers",
      classNames,
      sizes: {
        train: sum(sets.train.map((set) => counts[set].count)),
        test: counts[sets.validation].count,
      },
    },
    files: ["setid.mat", "imagelabels.mat"],
    folders: ["jpg"],
    gzipped: false,
    layouts: [".", FOLDER],
    remoteFiles: [
      small("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c", 14_989),
      small("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d", 502),
      {
        ...pictureArchive("102flowers.tgz", [`${HOST}102flowers.tgz`], {
          md5: "52808999861908f626f3c1f4e79d11fa",
          bytes: 344_862_509,
          maxEntries: 20_000,
        }),
        into: FOLDER,
        mirrorPath: `${FOLDER}/102flowers.tgz`,
      },
    ],
    async find({ folder, files }) {
      const { info } = dataset;
      const [setFile, labelFile] = [files.get("setid.mat")!, files.get("imagelabels.mat")!];
      const numbers = await matricesOf(setFile, Object.values(SETS).map(({ name }) => name));
      const { labels } = await matricesOf(labelFile, ["labels"]);
      const found = new PictureLister();
      const add = (set: keyof typeof SETS) => {
        for (const number of numbers[SETS[set].name]) {
          // Images and classes are counted from 1.
          const label = checkLabel(labels[number - 1] - 1, number, info, labelFile.path);
          found.add(`jpg/image_${String(number).padStart(5, "0")}.jpg`, label);
        }
      };
      sets.train.forEach(add);
      found.beginValidation();
      add(sets.validation);
      return found.done(folder);
    },
  };
  return dataset;
}

/** Numeric matrices by name. Throws InputError if one is missing. */
async function matricesOf(
  file: LocatedFile,
  names: readonly string[],
): Promise<Readonly<Record<string, readonly number[]>>> {
  const bytes = await readDataFile(file, 8 * MAX_NUMBERS, "flowers102");
  const found: Record<string, readonly number[]> = {};
  for await (const matrix of matricesIn(new Blob([bytes]).stream(), file.path)) {
    if (names.includes(matrix.name)) found[matrix.name] = await matrix.numbers(MAX_NUMBERS);
  }
  const missing = names.filter((name) => !Object.hasOwn(found, name));
  if (missing.length === 0) return found;
  throw new InputError(
    `${file.path}: it does not contain ${missing.join(" and ")}; ${howToMend("flowers102")}`,
  );
}
