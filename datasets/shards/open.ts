/** Files that contain many images each, as a dataset of images of any size. */
import { basename, dirname } from "node:path";
import { InputError } from "../../errors.ts";
import { spellName } from "../../reporting/controls.ts";
import { z } from "../../schema/entry.ts";
import type { OpenOptions, OpenPictures } from "../dataset.ts";
import { ClassNames, Labels } from "../folder/labels.ts";
import { openLabelled } from "../folder/open.ts";
import { Skipped } from "../folder/skipped.ts";
import {
  channelsSchema,
  classesSchema,
  holdOutSchema,
  splitSeedSchema,
} from "../folder/options.ts";
import { Growing } from "../growing.ts";
import { PathList } from "../paths.ts";
import type { ShardNamesHandle } from "../stores/shard_names.ts";
import type { StoreHandle } from "../stores/store.ts";
import { type Indexer, indexShards } from "./indexing.ts";
import { shardFiles } from "./patterns.ts";
import type { ShardIndex } from "./shard_index.ts";

/** Most files listed in a worker's permissions; beyond that, their folders are. */
const MAX_FILES_READ = 256;

/** Numbers that locate images. */
type Places = Readonly<Record<string, Float64Array<SharedArrayBuffer>>>;

/** A kind of files that contain many images each. */
export interface ShardKind {
  /** The dataset's name in configs. */
  readonly name: string;
  /** File name ending of such files. */
  readonly ending: RegExp;
  readonly indexer: Indexer;
  /**
   * How workers open them.
   *
   * @param forms one per file
   */
  store(names: ShardNamesHandle, places: Places, forms: readonly unknown[]): StoreHandle;
}

const text = z.string().min(1);
const files = z.union([text, z.array(text).min(1)]);

/** Options that all kinds have. */
export const shardOptions = {
  train: files.describe(
    "The files: a folder, a file, a pattern such as shards/train-{000000..000146}.tar or with " +
      "*, or a list of these",
  ).meta({ resume: "free" }),
  validation: files.optional().describe(
    "Files with the validation images; without them some are held out",
  ).meta({ resume: "free" }),
  classes: classesSchema.optional().describe(
    "Names of the classes in the order of their numbers, or labels in the order of the classes",
  ),
  severalLabels: z.boolean().default(false).describe(
    "Whether an image may have any number of labels, for training.objective: multi_label",
  ),
  separator: text.default("|").describe("Separator of several labels in text"),
  holdOut: holdOutSchema,
  splitSeed: splitSeedSchema,
  channels: channelsSchema,
};

/** The options of one kind. */
type ShardsOptions = z.output<z.ZodObject<typeof shardOptions>> & {
  readonly label?: string;
  readonly picture?: string;
};

/** Opens them. Rejects with InputError if they cannot be read, or contain no labelled images. */
export async function openShards(
  kind: ShardKind,
  options: ShardsOptions,
  where: OpenOptions,
): Promise<OpenPictures> {
  const { train, validation, severalLabels, separator, label, picture } = options;
  const { classes, holdOut, splitSeed, channels } = options;
  const place = typeof train === "string" ? train : train[0];
  const trainFiles = await shardFiles(train, kind.ending);
  const heldFiles = validation === undefined ? [] : await shardFiles(validation, kind.ending);
  const shards = [...trainFiles, ...heldFiles];
  const wanted = { severalLabels, separator, label, picture };
  const indexes = await indexShards(kind.indexer, shards, wanted, where);
  const found = new Found(severalLabels, classes ?? classNamesIn(indexes, shards));
  trainFiles.forEach((file, i) => found.add(file, indexes[i]));
  const classNames = found.classes.settle(found.labels, place);
  const trainCount = found.names.count;
  heldFiles.forEach((file, i) => found.add(file, indexes[trainFiles.length + i]));
  const { summary } = found.skipped;
  if (summary) where.onNotice?.(`${place}: ${summary}`);
  if (trainCount === 0 || heldFiles.length > 0 && found.names.count === trainCount) {
    const [empty] = trainCount === 0 ? trainFiles : heldFiles;
    throw new InputError(
      `${empty}${shards.length > 1 ? " and others" : ""}: no image has a label` +
        (summary ? `; ${summary}` : ""),
    );
  }
  const paths = found.names.done("");
  const folders = [...new Set(shards.map((file) => dirname(file)))];
  return openLabelled({
    name: kind.name,
    title: spellName(basename(place)),
    root: place,
    classNames,
    channels,
    store: kind.store(
      { shards, ends: found.ends, names: paths.handle },
      found.places,
      indexes.map(({ form }) => form),
    ),
    reads: shards.length <= MAX_FILES_READ ? shards : folders,
    paths,
    labels: found.labels,
    trainCount,
    holdOut,
    splitSeed,
  }, where);
}

/** The merged indexes of all files. */
class Found {
  readonly names = new PathList();
  readonly labels: Labels;
  readonly classes: ClassNames;
  readonly ends: number[] = [];
  readonly skipped = new Skipped();
  readonly #places = new Map<string, Growing<Float64Array<SharedArrayBuffer>>>();

  constructor(severalLabels: boolean, classes: readonly string[] | undefined) {
    this.labels = new Labels(severalLabels);
    this.classes = new ClassNames(classes);
  }

  get places(): Places {
    return Object.fromEntries([...this.#places].map(([key, values]) => [key, values.used]));
  }

  add(file: string, { names, labels, labelCounts, labelTexts, skipped, places }: ShardIndex) {
    const all = new TextDecoder().decode(names).split("\0").slice(0, -1);
    const numbers = labelTexts.map((label) => this.classes.numberOf(label, () => file));
    let at = 0;
    all.forEach((name, i) => {
      this.names.add(`${basename(file)}/${name}`);
      const count = labelCounts?.[i] ?? 1;
      this.labels.add(...Array.from({ length: count }, () => numbers[labels[at++]]));
    });
    this.ends.push(this.names.count);
    for (const [key, values] of Object.entries(places)) {
      const column = this.#places.get(key) ?? new Growing(Float64Array<SharedArrayBuffer>);
      column.append(values);
      this.#places.set(key, column);
    }
    for (const [what, times] of Object.entries(skipped)) this.skipped.count(what, times);
  }
}

/** The classes stated in the files. Throws InputError if they differ. */
function classNamesIn(
  indexes: readonly ShardIndex[],
  files: readonly string[],
): readonly string[] | undefined {
  const [{ classNames }] = indexes;
  const other = indexes.findIndex((index) => `${index.classNames}` !== `${classNames}`);
  if (other < 0) return classNames;
  throw new InputError(
    `${files[other]}: its classes differ from those of ${files[0]}; list them in classes`,
    { at: ["classes"] },
  );
}
