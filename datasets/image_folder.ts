import { basename } from "node:path";
import { fromHome } from "../files/home.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import { openLabelled } from "./folder/open.ts";
import { channelsSchema, classesSchema, holdOutSchema, splitSeedSchema } from "./folder/options.ts";

const schema = z.object({
  root: z.string().min(1).describe(
    "The folder, with one folder per class, or with train/ of such folders and val/, valid/, validation/ " +
      "or test/",
  ).meta({ resume: "free" }),
  classes: classesSchema.optional().describe(
    "Folders to use as classes, in label order; by default all, in torchvision's order",
  ),
  validation: z.string().min(1).optional().describe(
    "Folder next to train/ for validation; by default val, valid, validation or test",
  ),
  holdOut: holdOutSchema,
  splitSeed: splitSeedSchema,
  channels: channelsSchema,
});

/** Images in one folder per class, like torchvision's `ImageFolder`. */
export const imageFolder: DatasetEntry<typeof schema> = {
  about: "Your own images, one folder per class",
  schema,
  async build({ root: given, classes, validation, holdOut, splitSeed, channels }, where) {
    const root = fromHome(given).replace(/(?<=.)[/\\]+$/, "");
    const found = await findPictures(root, { ...where, classes, validation });
    found.notices.forEach((line) => where.onNotice?.(line));
    const { paths, labels, classNames, trainCount } = found;
    return openLabelled({
      name: "image_folder",
      title: basename(root) || root,
      root,
      classNames,
      channels,
      paths,
      labels,
      trainCount,
      holdOut,
      splitSeed,
    }, where);
  },
};
