import { basename, dirname } from "node:path";
import { InputError } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { type Listed, readList } from "./folder/list.ts";
import { ClassNames, Labels } from "./folder/labels.ts";
import { openLabelled } from "./folder/open.ts";
import { channelsSchema, classesSchema, holdOutSchema, splitSeedSchema } from "./folder/options.ts";
import { PathList } from "./paths.ts";

/** Default separator of several labels in CSV. */
export const SEPARATOR = "|";

const file = z.string().min(1);

const schema = z.object({
  train: file.describe("The list: CSV or JSON lines, each with a path and one or more labels").meta(
    {
      resume: "free",
    },
  ),
  validation: file.optional().describe(
    "List of the validation images; without it some are held out",
  ).meta({ resume: "free" }),
  root: file.optional().describe(
    "Folder that the paths are relative to; by default the list's folder",
  ).meta({ resume: "free" }),
  severalLabels: z.boolean().default(false).describe(
    "Whether an image may have any number of labels, for training.objective: multi_label",
  ),
  separator: file.default(SEPARATOR).describe("Separator of several labels in CSV"),
  classes: classesSchema.optional().describe(
    "Labels in the order of the classes; by default all, sorted, numbers numerically",
  ),
  holdOut: holdOutSchema,
  splitSeed: splitSeedSchema,
  channels: channelsSchema,
});

/** Images that a list names, with their labels. */
export const imageList: DatasetEntry<typeof schema> = {
  about: "Your own images, from a list with their labels",
  schema,
  async build(options, where) {
    const { severalLabels, holdOut, splitSeed, channels } = options;
    const separator = severalLabels ? options.separator : undefined;
    const trainFile = fromHome(options.train);
    const root = fromHome(options.root ?? dirname(trainFile));
    const [found, labels] = [new PathList(), new Labels(severalLabels)];
    const classes = new ClassNames(options.classes);
    const add = async (file: string) => {
      for (const row of await readList(file, separator)) {
        found.add(row.path);
        labels.add(...classesOf(row, classes, severalLabels, file));
      }
    };
    await add(trainFile);
    const classNames = classes.settle(labels, trainFile);
    const trainCount = found.count;
    if (options.validation !== undefined) await add(fromHome(options.validation));
    const paths = found.done(root);
    return openLabelled({
      name: "image_list",
      title: basename(trainFile),
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

/** The classes of a line. */
function classesOf(
  { labels, line }: Listed,
  classes: ClassNames,
  severalLabels: boolean,
  file: string,
): number[] {
  if (!severalLabels && labels.length !== 1) {
    throw new InputError(
      `${file}:${line}: found ${labels.length} labels, expected one; several need severalLabels: true`,
    );
  }
  return labels.map((name) => classes.numberOf(name, () => `${file}:${line}`));
}
