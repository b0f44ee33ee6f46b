import { basename, dirname } from "node:path";
import { InputError } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { spellName } from "../reporting/controls.ts";
import { someOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { type Listed, readList } from "./folder/list.ts";
import { openPictureFiles } from "./folder/open.ts";
import { type Labelled, shuffled, stratified } from "./folder/split.ts";
import { byCodePoint } from "./folder/walk.ts";
import { channelsSchema, classesSchema, holdOutSchema, splitSeedSchema } from "./folder/options.ts";

const file = z.string().min(1);

const schema = z.object({
  train: file.describe("The list: CSV or JSON lines, a path and a label, or several, in each").meta(
    {
      resume: "free",
    },
  ),
  validation: file.optional().describe(
    "List of the pictures that validate; without it some are held out",
  ).meta({ resume: "free" }),
  root: file.optional().describe(
    "Folder that the paths are relative to; by default the one of the list",
  ).meta({ resume: "free" }),
  severalLabels: z.boolean().default(false).describe(
    "Whether a picture may have any number of labels, for training.objective: multi_label",
  ),
  separator: file.default("|").describe("What stands between several labels in CSV"),
  classes: classesSchema.optional().describe(
    "Labels in the order of the classes; by default all, sorted, numbers by their size",
  ),
  holdOut: holdOutSchema,
  splitSeed: splitSeedSchema,
  channels: channelsSchema,
});

/** Pictures that a list names, with their labels. */
export const imageList: DatasetEntry<typeof schema> = {
  about: "Your own PNG and JPEG pictures, named in a list with their labels",
  schema,
  async build(options, where) {
    const { severalLabels, splitSeed, channels } = options;
    const separator = severalLabels ? options.separator : undefined;
    const trainFile = fromHome(options.train);
    const root = fromHome(options.root ?? dirname(trainFile));
    const listed = await readList(trainFile, separator);
    const classNames = options.classes ?? classesOf(listed, trainFile);
    const label = labeller(classNames, severalLabels);
    const pictures = shuffled(listed.map((row) => label(row, trainFile)), splitSeed);
    const validation = options.validation === undefined ? undefined : fromHome(options.validation);
    const held = validation === undefined
      ? undefined
      : (await readList(validation, separator)).map((row) => label(row, validation));
    return openPictureFiles({
      name: "image_list",
      title: basename(trainFile),
      root,
      classNames,
      channels,
      severalLabels,
      ...(held
        ? { train: pictures, held: shuffled(held, splitSeed) }
        : stratified(pictures, classNames.length, options.holdOut)),
    }, where);
  },
};

/** All labels; those that are numbers by their size. */
function classesOf(listed: readonly Listed[], file: string): string[] {
  const names = [...new Set(listed.flatMap(({ labels }) => labels))];
  const strange = names.find((name) => /\p{Cc}/u.test(name));
  if (strange !== undefined) {
    throw new InputError(
      `${file}: the label ${spellName(JSON.stringify(strange))} cannot be shown`,
    );
  }
  if (names.length < 2) {
    throw new InputError(`${file}: expected at least two labels, found ${someOf(names) || "none"}`);
  }
  const areNumbers = names.every((name) => /^\d{1,15}$/.test(name));
  return names.sort(areNumbers ? (a, b) => Number(a) - Number(b) : byCodePoint);
}

function labeller(classNames: readonly string[], severalLabels: boolean) {
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  return ({ path, labels, line }: Listed, file: string): Labelled => {
    const unknown = labels.find((name) => !numbers.has(name));
    if (unknown !== undefined) {
      throw new InputError(
        `${file}:${line}: found the label ${spellName(JSON.stringify(unknown))}, expected one of ` +
          someOf(classNames.map(spellName)),
      );
    }
    if (!severalLabels && labels.length !== 1) {
      throw new InputError(
        `${file}:${line}: found ${labels.length} labels, expected one; several need severalLabels: true`,
      );
    }
    const found = labels.map((name) => numbers.get(name)!);
    return { path, label: found[0] ?? 0, ...(severalLabels ? { labels: found } : {}) };
  };
}
