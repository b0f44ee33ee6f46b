/** Finds images in one folder per class, optionally within folders for splits. */
import { join, parse } from "node:path";
import { InputError } from "../../errors.ts";
import { isPictureName } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { spellName } from "../../reporting/controls.ts";
import { formatCount, someOf } from "../../reporting/format.ts";
import { PathList, type Paths } from "../paths.ts";
import { Labels } from "./labels.ts";
import { type Entries, Listing, type ListingOptions } from "./listing.ts";
import { Skipped, type SkippedFile } from "./skipped.ts";
import { picturesIn } from "./walk.ts";

const TRAIN = "train";
/** Validation folders; the first that exists is used. */
const VALIDATION = ["val", "valid", "validation", "test"];

/** The images found. */
export interface FoundPictures {
  readonly classNames: readonly string[];
  /** The training images, then those of the validation folder, if it exists. */
  readonly paths: Paths;
  readonly labels: Labels;
  /** Number of training images. */
  readonly trainCount: number;
  /** Notices for the user, one sentence each. */
  readonly notices: readonly string[];
}

/** Options of the search. */
interface FolderOptions extends ListingOptions {
  /** Classes in label order; by default all, sorted as Python sorts. */
  readonly classes?: readonly string[];
  /** The validation subfolder; by default the first of the usual ones that exists. */
  readonly validation?: string;
  /** The class of a validation image outside class folders, by its name without extension. */
  readonly classOf?: (name: string) => string | undefined;
  /** Receives each skipped file. */
  readonly onSkipped?: (file: SkippedFile) => void;
}

/** Finds the images. Throws InputError for a path that is not a folder, or has no classes or no images. */
export async function findPictures(root: string, options: FolderOptions): Promise<FoundPictures> {
  await requireFolder(root);
  const listing = await Listing.open(root, options);
  try {
    return await foundIn(listing, options);
  } finally {
    await listing.close();
  }
}

async function foundIn(
  listing: Listing,
  { classes, validation: named, classOf, onSkipped }: FolderOptions,
): Promise<FoundPictures> {
  const { root } = listing;
  const all = await listing.entriesOf("");
  const { folders } = all;
  const splits = VALIDATION.filter((name) => folders.includes(name));
  const isSplit = folders.includes(TRAIN) &&
    (folders.length === 1 || splits.length > 0 || named !== undefined);
  const skipped = new Skipped(onSkipped);
  const notices: string[] = [];
  const validation = isSplit ? named ?? splits.at(0) : named;
  if (validation !== undefined && (!isSplit || !folders.includes(validation))) {
    throw new InputError(
      `${root}: no folder ${spellName(validation)} next to ${TRAIN}; found ` +
        someOf(folders.map(spellName)),
      { at: ["validation"] },
    );
  }
  const unused = isSplit ? folders.filter((name) => name !== TRAIN && name !== validation) : [];
  if (unused.length > 0) notices.push(`${root}: not used: ${someOf(unused.map(spellName))}`);
  const train: Split = isSplit
    ? { folder: TRAIN, entries: await listing.entriesOf(TRAIN), isTrain: true }
    : { folder: "", entries: all, isTrain: true };
  const names = classNamesOf(join(root, train.folder), train.entries, classes);
  const found = {
    listing,
    skipped,
    names,
    classOf,
    isAll: classes === undefined,
    paths: new PathList(),
    labels: new Labels(false),
  };
  await addPictures(found, train);
  const trainCount = found.paths.count;
  if (validation !== undefined) {
    const entries = await listing.entriesOf(validation);
    await addPictures(found, { folder: validation, entries, isTrain: false });
  }
  if (skipped.summary) notices.push(`${root}: ${skipped.summary}`);
  const { paths, labels } = found;
  return { classNames: names, paths: paths.done(root), labels, trainCount, notices };
}

async function requireFolder(root: string): Promise<void> {
  try {
    if ((await Deno.stat(root)).isDirectory) return;
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${root}: cannot be read: ${refusal}; expected a folder of images`, {
      at: ["root"],
      cause: error,
    });
  }
  throw new InputError(`${root}: not a folder; expected a folder of images`, {
    at: ["root"],
  });
}

/** The classes: those listed or all that exist. */
function classNamesOf(
  folder: string,
  { folders, files }: Entries,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const strange = folders.find((name) => /\p{Cc}|\ufffd/u.test(name));
  if (strange !== undefined) {
    throw new InputError(
      `${folder}: the folder ${spellName(strange)} names a class; expected printable characters`,
    );
  }
  const missing = wanted?.find((name) => !folders.includes(name));
  if (missing !== undefined) {
    throw new InputError(
      `${folder}: no folder ${spellName(missing)}; found ${someOf(folders)}`,
      { at: ["classes"] },
    );
  }
  const names = wanted ?? folders;
  if (names.length >= 2) return names;
  const pictures = files.filter(isPictureName).length;
  throw new InputError(
    `${folder}: expected one folder of images per class; found ` +
      `${names.length === 0 ? "no folder" : `only one, ${spellName(names[0])}`}` +
      (pictures > 0 ? ` and ${formatCount(pictures)} images in no class` : ""),
    { at: ["root"] },
  );
}

/** A folder of class folders. */
interface Split {
  /** Relative to the root. */
  readonly folder: string;
  readonly entries: Entries;
  readonly isTrain: boolean;
}

/** The images found so far. */
interface Finding {
  readonly listing: Listing;
  readonly skipped: Skipped;
  /** Class names. */
  readonly names: readonly string[];
  readonly classOf: FolderOptions["classOf"];
  /** Whether all classes are used, not a given list. */
  readonly isAll: boolean;
  readonly paths: PathList;
  readonly labels: Labels;
}

/** Adds the images of the classes in a split. */
async function addPictures(
  { listing, skipped, names, classOf, isAll, paths, labels }: Finding,
  { folder, entries: { folders, files }, isTrain }: Split,
): Promise<void> {
  const { root } = listing;
  const known = new Set(names);
  const strangers = folders.filter((name) => !known.has(name));
  if (!isTrain && isAll && strangers.length > 0) {
    throw new InputError(
      `${join(root, folder)}: ${
        someOf(strangers.map(spellName))
      }: not a class of the training data; expected ` +
        `the folders of ${join(root, TRAIN)}`,
    );
  }
  for (const name of strangers) {
    skipped.add({ path: join(root, folder, name), what: "folder that is not a class" });
  }
  const before = paths.count;
  for (const name of files.filter(isPictureName)) {
    const label = isTrain || !classOf ? -1 : names.indexOf(classOf(parse(name).name) ?? "");
    if (label >= 0) {
      paths.add(`${folder}/${name}`);
      labels.add(label);
    } else {
      const path = join(root, folder, name);
      skipped.add({ path, what: "image in no class", isPicture: true });
    }
  }
  const empty: string[] = [];
  const there = new Set(folders);
  for (const [label, name] of names.entries()) {
    if (!there.has(name)) continue;
    const first = paths.count;
    await picturesIn(listing, folder === "" ? name : `${folder}/${name}`, skipped, (path) => {
      paths.add(path);
      labels.add(label);
    });
    if (paths.count === first) empty.push(name);
  }
  if (paths.count > before && (empty.length === 0 || !isTrain)) return;
  throw new InputError(
    `${join(root, folder)}: no images in ${
      someOf(empty.map(spellName)) || "the folder of a class"
    }` +
      (skipped.summary ? `; ${skipped.summary}` : "") +
      "; add some, or list the other classes in classes",
    { at: isTrain ? ["classes"] : [] },
  );
}
