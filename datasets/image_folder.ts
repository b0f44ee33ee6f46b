import { basename } from "node:path";
import { fromHome } from "../files/home.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import { openPictureFiles } from "./folder/open.ts";
import { shuffled, stratified } from "./folder/split.ts";

const names = z.array(z.string().min(1)).min(2).refine(
  (classes) => new Set(classes).size === classes.length,
  "expected every class once",
);

const schema = z.object({
  root: z.string().min(1).describe(
    "The folder: in it a folder for each class, or train/ with those and val/, valid/, validation/ " +
      "or test/",
  ).meta({ resume: "free" }),
  classes: names.optional().describe(
    "Folders that are classes, in the order of the labels; by default all, in torchvision's order",
  ),
  validation: z.string().min(1).optional().describe(
    "Folder beside train/ that validates; by default val, valid, validation or test",
  ),
  holdOut: z.union([
    z.strictObject({ share: z.number().gt(0).lt(1).describe("Share of the pictures") }),
    z.strictObject({ count: z.int().min(1).describe("How many pictures") }),
  ]).default({ share: 0.2 }).describe(
    "Pictures that validate where no folder is there for it, of every class its part",
  ),
  splitSeed: z.int().min(0).default(0).describe("Seed of that choice, apart from the run's"),
  channels: z.union([z.literal(3), z.literal(1)]).default(3).describe("3 for colour, 1 for grey"),
});

/** Pictures in folders, a class each, as torchvision's `ImageFolder` reads them. */
export const imageFolder: DatasetEntry<typeof schema> = {
  about: "Your own PNG and JPEG pictures, in a folder for each class",
  schema,
  async build({ root: given, classes, validation, holdOut, splitSeed, channels }, where) {
    const root = fromHome(given).replace(/(?<=.)[/\\]+$/, "");
    const found = await findPictures(root, { classes, validation });
    found.notices.forEach((line) => where.onNotice?.(line));
    const { classNames } = found;
    const pictures = shuffled(found.train, splitSeed);
    const { train, held } = found.validation
      ? { train: pictures, held: shuffled(found.validation, splitSeed) }
      : stratified(pictures, classNames.length, holdOut);
    return openPictureFiles({
      name: "image_folder",
      title: basename(root) || root,
      root,
      classNames,
      channels,
      train,
      held,
    }, where);
  },
};
