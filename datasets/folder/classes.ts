/** A folder of pictures as people have it: a folder for each class, perhaps in folders for splits. */
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { isPictureName } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { spellName } from "../../reporting/controls.ts";
import { formatCount, someOf } from "../../reporting/format.ts";
import type { Labelled } from "./split.ts";
import { PassedOver, type PassedOverFile } from "./passed_over.ts";
import { entriesOf, picturesIn } from "./walk.ts";

const TRAIN = "train";
/** Folders that validate, the first there is. */
const VALIDATION = ["val", "valid", "validation", "test"];

/** What was found. */
export interface FoundPictures {
  readonly classNames: readonly string[];
  readonly train: readonly Labelled[];
  /** Absent where no folder is there for it. */
  readonly validation?: readonly Labelled[];
  /** What a person may want to know, a sentence each. */
  readonly notices: readonly string[];
}

/** What of it is wanted. */
export interface FolderOptions {
  /** In the order of the labels; by default all, sorted as Python sorts. */
  readonly classes?: readonly string[];
  /** The subfolder that validates; by default the first there is. */
  readonly validation?: string;
  /** Is told of each file that is passed over. */
  readonly onPassedOver?: (file: PassedOverFile) => void;
}

/** Finds the pictures. Throws InputError for a folder that is none or without classes or pictures. */
export async function findPictures(
  root: string,
  { classes, validation: named, onPassedOver }: FolderOptions,
): Promise<FoundPictures> {
  await requireFolder(root);
  const { folders } = await entriesOf(root);
  const splits = VALIDATION.filter((name) => folders.includes(name));
  const isSplit = folders.includes(TRAIN) &&
    (folders.length === 1 || splits.length > 0 || named !== undefined);
  const passedOver = new PassedOver(onPassedOver);
  const notices: string[] = [];
  const train = isSplit ? TRAIN : ".";
  const validation = isSplit ? named ?? splits.at(0) : named;
  if (validation !== undefined && (!isSplit || !folders.includes(validation))) {
    throw new InputError(
      `${root}: there is no folder ${spellName(validation)} beside ${TRAIN}; found ` +
        someOf(folders.map(spellName)),
      { at: ["validation"] },
    );
  }
  const unused = isSplit ? folders.filter((name) => name !== TRAIN && name !== validation) : [];
  if (unused.length > 0) notices.push(`${root}: not used: ${someOf(unused.map(spellName))}`);
  const names = await classNamesOf(root, train, classes);
  const isAll = classes === undefined;
  const pictures = await labelled(root, train, names, passedOver, { isTrain: true, isAll });
  const held = validation === undefined
    ? undefined
    : await labelled(root, validation, names, passedOver, { isTrain: false, isAll });
  if (passedOver.summary) notices.push(`${root}: ${passedOver.summary}`);
  return {
    classNames: names,
    train: pictures,
    ...(held ? { validation: held } : {}),
    notices,
  };
}

async function requireFolder(root: string): Promise<void> {
  try {
    if ((await Deno.stat(root)).isDirectory) return;
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${root}: cannot be read: ${refusal}; expected a folder of pictures`, {
      at: ["root"],
      cause: error,
    });
  }
  throw new InputError(`${root}: this is no folder; expected a folder of pictures`, {
    at: ["root"],
  });
}

/** The classes, those that were named or all there are. */
async function classNamesOf(
  root: string,
  train: string,
  wanted: readonly string[] | undefined,
): Promise<readonly string[]> {
  const folder = join(root, train);
  const { folders, files } = await entriesOf(folder);
  const strange = folders.find((name) => /\p{Cc}|\ufffd/u.test(name));
  if (strange !== undefined) {
    throw new InputError(
      `${folder}: the folder ${
        spellName(strange)
      } names a class; expected letters that can be shown`,
    );
  }
  const missing = wanted?.find((name) => !folders.includes(name));
  if (missing !== undefined) {
    throw new InputError(
      `${folder}: there is no folder ${spellName(missing)}; found ${someOf(folders)}`,
      { at: ["classes"] },
    );
  }
  const names = wanted ?? folders;
  if (names.length >= 2) return names;
  const pictures = files.filter(isPictureName).length;
  throw new InputError(
    `${folder}: expected a folder for each class, with its pictures in it; found ` +
      `${names.length === 0 ? "no folder" : `one alone, ${spellName(names[0])}`}` +
      (pictures > 0 ? ` and ${formatCount(pictures)} pictures in no class` : ""),
    { at: ["root"] },
  );
}

/** The pictures of the classes in a split; `isAll`: of all classes, not of those that were named. */
async function labelled(
  root: string,
  split: string,
  names: readonly string[],
  passedOver: PassedOver,
  { isTrain, isAll }: { readonly isTrain: boolean; readonly isAll: boolean },
): Promise<readonly Labelled[]> {
  const { folders, files } = await entriesOf(join(root, split));
  const strangers = folders.filter((name) => !names.includes(name));
  if (!isTrain && isAll && strangers.length > 0) {
    throw new InputError(
      `${join(root, split)}: ${someOf(strangers.map(spellName))}: no class to train on; expected ` +
        `the folders of ${join(root, TRAIN)}`,
    );
  }
  for (const name of strangers) {
    passedOver.add({ path: join(root, split, name), what: "folder that is no class" });
  }
  for (const name of files.filter(isPictureName)) {
    passedOver.add({ path: join(root, split, name), what: "picture in no class", isPicture: true });
  }
  const pictures: Labelled[] = [];
  const empty: string[] = [];
  for (const [label, name] of names.entries()) {
    if (!folders.includes(name)) continue;
    const found = await picturesIn(root, split === "." ? name : `${split}/${name}`, passedOver);
    if (found.length === 0) empty.push(name);
    for (const path of found) pictures.push({ path, label });
  }
  if (pictures.length > 0 && (empty.length === 0 || !isTrain)) return pictures;
  throw new InputError(
    `${join(root, split)}: no PNG or JPEG picture in ${someOf(empty.map(spellName))}` +
      (passedOver.summary ? `; ${passedOver.summary}` : "") +
      "; put some there, or name the other classes with classes",
    { at: isTrain ? ["classes"] : [] },
  );
}
