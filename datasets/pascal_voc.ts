import { join } from "node:path";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { fromHome } from "../files/home.ts";
import { readTextFile } from "../files/text.ts";
import { spellName } from "../reporting/controls.ts";
import { someOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry, OpenOptions, OpenPictures } from "./dataset.ts";
import { Labels } from "./folder/labels.ts";
import { sortNames } from "./folder/names.ts";
import { openLabelled } from "./folder/open.ts";
import { channelsSchema, classesSchema, splitSeedSchema } from "./folder/options.ts";
import { PathList } from "./paths.ts";

const name = z.string().regex(/^[\w.-]+$/, "expected the name of a set, such as trainval");

const schema = z.object({
  root: z.string().min(1).describe(
    "Folder with ImageSets/ and JPEGImages/, such as VOCdevkit/VOC2012, or a folder that contains it",
  ).meta({ resume: "free" }),
  train: name.default("train").describe("The set to train on: train, trainval, …"),
  validation: name.default("val").describe("The set to validate on: val, test, …"),
  classes: classesSchema.optional().describe("Some of the classes, in another order"),
  difficult: z.enum(["shown", "unknown"]).default("shown").describe(
    "How training treats a class that an image shows only in a form that is hard to recognize",
  ),
  splitSeed: splitSeedSchema,
  channels: channelsSchema,
});

/** Meanings of the numbers after an image's name. */
const STATES = { "1": "shown", "0": "difficult", "-1": "not shown" } as const;
type State = (typeof STATES)[keyof typeof STATES];

/**
 * The layout of Pascal VOC's classification task (Everingham et al., 2010): for each class and set a list of
 * images, with 1 if they show the class, -1 if not and 0 if they show only objects marked as difficult.
 * Such a class counts as shown in training and is excluded from evaluation, as in the challenge's own
 * evaluation.
 */
export const pascalVoc: DatasetEntry<typeof schema> = {
  about: "Your own images in Pascal VOC's layout: any number of classes per image",
  schema,
  build: (options, where) => openVoc(options, where),
};

async function openVoc(
  options: z.output<typeof schema>,
  where: OpenOptions,
): Promise<OpenPictures> {
  const root = await rootOf(fromHome(options.root).replace(/(?<=.)[/\\]+$/, ""));
  const classNames = await classesOf(root, options);
  const [found, labels] = [new PathList(), new Labels(true)];
  const add = async (set: string, isTrain: boolean) => {
    const pictures = await picturesOf(root, set, classNames);
    for (const [picture, states] of pictures) {
      found.add(`JPEGImages/${picture}.jpg`);
      labels.add(...classNames.flatMap((_, c) => {
        const state = states[c];
        if (state === "not shown") return [];
        const isShown = state === "shown" ||
          state === "difficult" && isTrain && options.difficult === "shown";
        return [isShown ? c : ~c];
      }));
    }
  };
  await add(options.train, true);
  const trainCount = found.count;
  await add(options.validation, false);
  const paths = found.done(root);
  return openLabelled({
    name: "pascal_voc",
    title: "Pascal VOC",
    root,
    classNames,
    channels: options.channels,
    paths,
    labels,
    trainCount,
    splitSeed: options.splitSeed,
  }, where);
}

/** The folder of the layout. */
async function rootOf(given: string): Promise<string> {
  const candidates = [given];
  for (const folder of [given, join(given, "VOCdevkit")]) {
    if (!await exists(folder)) continue;
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith("VOC")) candidates.push(join(folder, name));
    }
  }
  const found: string[] = [];
  for (const folder of candidates) {
    if (await exists(join(folder, "ImageSets", "Main"))) found.push(folder);
  }
  if (found.length === 1) return found[0];
  throw new InputError(
    found.length === 0
      ? `${given}: no ImageSets/Main in it; expected a folder such as VOCdevkit/VOC2012`
      : `${given}: contains ${sortNames(found).join(" and ")}; name one of them`,
    { at: ["root"] },
  );
}

/** The classes: those listed or all that have a list. */
async function classesOf(
  root: string,
  { train, classes }: z.output<typeof schema>,
): Promise<readonly string[]> {
  const folder = join(root, "ImageSets", "Main");
  const ending = `_${train}.txt`;
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(ending) && name.length > ending.length) {
      names.push(name.slice(0, -ending.length));
    }
  }
  const missing = classes?.find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw new InputError(
      `${folder}: no list ${spellName(missing + ending)}; found ` +
        (someOf(sortNames(names).map(spellName)) || "none"),
      { at: ["classes"] },
    );
  }
  if ((classes ?? names).length >= 2) return classes ?? sortNames(names);
  throw new InputError(
    `${folder}: expected one list per class, such as cat${ending}; found ` +
      (someOf(names.map((name) => spellName(name + ending))) || "none"),
    { at: ["train"] },
  );
}

/** The state of each image in a set's lists, class by class. */
async function picturesOf(
  root: string,
  set: string,
  classNames: readonly string[],
): Promise<Map<string, (State | undefined)[]>> {
  const pictures = new Map<string, (State | undefined)[]>();
  for (const [c, name] of classNames.entries()) {
    const file = join(root, "ImageSets", "Main", `${name}_${set}.txt`);
    const lines = (await readTextFile(file, "a list of images")).split("\n");
    for (const [i, line] of lines.entries()) {
      if (line.trim() === "") continue;
      const [, picture, state] = /^\s*([^\s/\\]+)\s+(-1|0|1)\s*$/.exec(line) ?? [];
      if (picture === undefined) {
        throw new InputError(
          `${file}:${i + 1}: found ${
            spellName(JSON.stringify(line.slice(0, 100)))
          }, expected the ` +
            "name of an image and 1, 0 or -1",
        );
      }
      const states = pictures.get(picture) ?? new Array<State | undefined>(classNames.length);
      states[c] = STATES[state as keyof typeof STATES];
      pictures.set(picture, states);
    }
  }
  if (pictures.size > 0) return pictures;
  throw new InputError(`${root}: the set ${set} contains no images`);
}
