import { basename, join } from "node:path";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { fromHome } from "../files/home.ts";
import { readTextFile } from "../files/text.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { findPictures } from "./folder/classes.ts";
import { openLabelled } from "./folder/open.ts";
import { splitSeedSchema } from "./folder/options.ts";

const schema = z.object({
  root: z.string().min(1).describe(
    "Folder with train/ and val/, each with one folder per class, such as n01440764; or Kaggle's",
  ).meta({ resume: "free" }),
  classNames: z.string().min(1).optional().describe(
    "File with one line per class: its folder, then its names; by default LOC_synset_mapping.txt " +
      "or synset_words.txt, if either exists",
  ).meta({ resume: "free" }),
  splitSeed: splitSeedSchema,
});

/** Path of the splits in Kaggle's archive. */
const KAGGLE = join("ILSVRC", "Data", "CLS-LOC");
/** Files with class names; the first that exists is used. */
const NAME_FILES = ["LOC_synset_mapping.txt", "synset_words.txt"];
/** Kaggle's file with the classes of the validation images. */
const SOLUTION = "LOC_val_solution.csv";

/** ImageNet (Russakovsky et al., 2015) as commonly unpacked: one folder per class. */
export const imagenet: DatasetEntry<typeof schema> = {
  about: "ImageNet's 1.3 million images in 1,000 classes, from your own folder",
  schema,
  async build({ root: given, classNames: file, splitSeed }, where) {
    const top = fromHome(given).replace(/(?<=.)[/\\]+$/, "");
    const root = await exists(join(top, KAGGLE)) ? join(top, KAGGLE) : top;
    const beside = [root, ...(root.endsWith(KAGGLE) ? [join(root, "..", "..", "..")] : [])];
    const solution = await firstOf(beside, [SOLUTION]);
    const classes = solution === undefined ? undefined : await solutionIn(solution);
    const found = await findPictures(root, { ...where, classOf: (name) => classes?.get(name) });
    found.notices.forEach((line) => where.onNotice?.(line));
    const { paths, labels, classNames: folders, trainCount } = found;
    if (trainCount === paths.count) {
      throw new InputError(`${root}: no folder val/ next to train/`, { at: ["root"] });
    }
    const names = file === undefined ? await firstOf(beside, NAME_FILES) : fromHome(file);
    return openLabelled({
      name: "imagenet",
      title: "ImageNet",
      root,
      classNames: names ? await namesIn(names, folders) : folders,
      channels: 3,
      paths,
      labels,
      trainCount,
      splitSeed,
    }, where);
  },
};

/** The first of these files that exists in one of these folders. */
async function firstOf(
  folders: readonly string[],
  names: readonly string[],
): Promise<string | undefined> {
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (await exists(path)) return path;
  }
}

/** The class of each validation image, by its name without extension. */
async function solutionIn(file: string): Promise<ReadonlyMap<string, string>> {
  const classes = new Map<string, string>();
  // For example `ILSVRC2012_val_00048981,n03995372 85 1 499 272`, after a line of column names.
  for (const line of (await readTextFile(file, "the classes of images")).split("\n")) {
    const [, picture, name] = /^([^,\s]+),(n\d+)\b/.exec(line) ?? [];
    if (picture !== undefined) classes.set(picture, name);
  }
  return classes;
}

/**
 * The first name of each class, longer where several would be equal. Throws InputError for a class without
 * a name.
 */
async function namesIn(file: string, folders: readonly string[]): Promise<readonly string[]> {
  const all = new Map<string, string>();
  for (const line of (await readTextFile(file, "a folder and names on each line")).split("\n")) {
    const [, folder, names] = /^(\S+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (folder !== undefined) all.set(folder, names);
  }
  const missing = folders.find((folder) => !all.has(folder));
  if (missing !== undefined) {
    throw new InputError(`${file}: no line for the class ${missing}`, {
      at: ["classNames"],
    });
  }
  const texts = folders.map((folder) => all.get(folder)!);
  let shown = texts.map((text) => text.split(",", 1)[0]);
  for (const longer of [texts, texts.map((text, i) => `${text} (${basename(folders[i])})`)]) {
    const counts = Map.groupBy(shown, (name) => name);
    shown = shown.map((name, i) => counts.get(name)!.length > 1 ? longer[i] : name);
  }
  return shown;
}
