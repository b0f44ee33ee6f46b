/** The images of a config, and what a network is trained for with them. */

import type { ConfigFile } from "../config/load.ts";
import type { DataConfig } from "../config/schema.ts";
import type { CACHES } from "../datasets/caches/registry.ts";
import type { DatasetInfo, OpenDataset, OpenOptions, OpenPictures } from "../datasets/dataset.ts";
import type { DownloadProgress } from "../datasets/download.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { countBatches } from "../datasets/loader.ts";
import { threadsAndSlots } from "../datasets/loader_threads.ts";
import { type DatasetOptions, openDataset, openPictures } from "../datasets/open.ts";
import { firstOf } from "../datasets/split.ts";
import { InputError, type OptionPath, within } from "../errors.ts";
import { parseGround } from "../files/colours.ts";
import { fromHome } from "../files/home.ts";
import { formatBytes, formatCount, formatPercent } from "../reporting/format.ts";
import type { Objective } from "../training/objectives/objective.ts";
import type { SplitCounts } from "../training/batch_sizes.ts";
import { objectiveOf } from "../training/objectives/registry.ts";
import { requireTargets } from "../training/targets.ts";
import type { Context } from "./command.ts";
import { requireNamed } from "./places.ts";

/** Bytes of images that are computed for a config that nobody has named: seconds of work. */
const UNASKED_BYTES = 2 ** 26;

/** The images of a config. */
export interface Images {
  readonly info: DatasetInfo;
  readonly train: ImageSource;
  readonly validation: ImageSource;
}

/** How many images a config trains and validates on, known before they are loaded. */
export function countsOf({ validation, subset }: DataConfig, { sizes }: DatasetInfo): SplitCounts {
  const most = validation === "test" ? subset?.test : undefined;
  return {
    train: Math.min(sizes.train, subset?.train ?? sizes.train),
    validation: Math.min(sizes.test, most ?? sizes.test),
  };
}

/** Opens the dataset of a config. Throws InputError, for options that do not fit where they stand. */
export function openImages(file: ConfigFile, options: DatasetOptions = {}): Promise<OpenDataset> {
  const { data, seed } = file.config;
  const { dataset, validation, augmentation } = data;
  return inConfig(file, () =>
    openDataset(dataset, {
      ...placeOf(data),
      heldOut: validation === "test" ? undefined : validation.count,
      trainTransforms: data.train,
      evalTransforms: data.eval,
      preset: typeof augmentation === "string" ? augmentation : undefined,
      transformSeed: seed,
      ...options,
    }));
}

/** The picture files of a config as they are; undefined for a dataset of images of one size. */
export function openPicturesOf(
  file: ConfigFile,
  options: OpenOptions,
): Promise<OpenPictures | undefined> {
  const { data } = file.config;
  return inConfig(file, () => openPictures(data.dataset, { ...placeOf(data), ...options }));
}

/** Where a config says that its dataset is, and how its files are read. */
function placeOf({ root, mirror, checksums, background, onError }: DataConfig): OpenOptions {
  return {
    root: root === undefined ? undefined : fromHome(root),
    mirror,
    checksums,
    background: parseGround(background)?.ground,
    onError,
  };
}

/** Opens a dataset; what is wrong with an option is told with its place in the config. */
async function inConfig<T>({ at }: ConfigFile, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof InputError) || !error.at) throw error;
    const { message, at: path } = error;
    return at("data", () => {
      throw new InputError(message, { at: configPath(path), cause: error });
    });
  }
}

/** Keys of `data` by the options of a dataset that they become. */
const CONFIG_KEYS: Readonly<Record<string, OptionPath>> = {
  heldOut: ["validation", "count"],
  trainTransforms: ["train"],
  evalTransforms: ["eval"],
  preset: ["augmentation"],
};

/** Where in `data` an option of an opened dataset stands. */
function configPath([first, ...rest]: OptionPath): OptionPath {
  if (typeof first !== "string" || !Object.hasOwn(CONFIG_KEYS, first)) {
    return ["dataset", first, ...rest];
  }
  return [...CONFIG_KEYS[first], ...rest];
}

/**
 * Loads the images of a config, downloading them if need be; says so on the progress line. With
 * `isNamed: false`, for a config that came with a network, images that are not on this machine are
 * an InputError, and so are more to compute than the network of a stranger may ask for, and a place
 * that no person has named. `check` sees what is known of the images before any is fetched;
 * `download: false` fetches none.
 */
export async function loadImages(
  file: ConfigFile,
  { progress }: Context,
  {
    isNamed = true,
    set = [],
    download = isNamed,
    isKept = false,
    isLast = true,
    check = () => {},
  }: {
    readonly isNamed?: boolean;
    /** What of that config a person has named even so: assignments `key=value`. */
    readonly set?: readonly string[];
    readonly download?: boolean;
    /** Whether pictures are read several times, and kept as `data.cache` says. */
    readonly isKept?: boolean;
    /** Whether nothing is fetched after them. */
    readonly isLast?: boolean;
    check?(info: DatasetInfo): void;
  } = {},
): Promise<Images> {
  const { config: { data }, at } = file;
  if (!isNamed) await requireNamed(file, set);
  const { info, computedBytes = 0, load } = await openImages(file, {
    download,
    ...(isKept ? { pictureCache: data.cache } : {}),
    onProgress: (done) => progress.update(() => downloadLine(done)),
    onNotice: (line) => progress.print(line),
    onWork: (say) => progress.update(say),
  });
  objectiveFor(file, info);
  if (!isNamed && computedBytes > UNASKED_BYTES) {
    at("data.dataset", () => {
      throw new InputError(
        `its images take ${formatBytes(computedBytes)}, and unasked at most ` +
          `${formatBytes(UNASKED_BYTES)} are computed; name a config with --config`,
      );
    });
  }
  check(info);
  const splits = await load();
  progress.finish();
  // Nothing that comes after has to reach anyone.
  if (isLast) await Deno.permissions.revoke({ name: "net" });
  const { validation, subset } = data;
  return {
    info,
    train: at("data.subset.train", () => firstOf(splits.train, subset?.train)),
    validation: validation === "test"
      ? at("data.subset.test", () => firstOf(splits.test, subset?.test))
      : splits.test,
  };
}

/**
 * What the network of a config is trained for. Throws InputError, saying where the mistake is, if
 * the images have not the targets for it.
 */
export function objectiveFor({ config, at }: ConfigFile, info: DatasetInfo): Objective {
  const classes = info.classNames.length;
  return at("training", () => {
    const objective = within(
      ["objective"],
      () => objectiveOf(config.training.objective, classes, { classNames: info.classNames }),
    );
    requireTargets(objective, info.targets, classes);
    return objective;
  });
}

/** Where decoded pictures are kept, by name. */
export function cacheOf({ cache }: Pick<DataConfig, "cache">): keyof typeof CACHES {
  return typeof cache === "string" ? cache : cache.name;
}

/** What to do where a training waits for its images. Threads help while there are more cores. */
export function waitingHint(
  { train }: { readonly train: Pick<ImageSource, "count" | "handle" | "reads"> },
  data: Pick<DataConfig, "workers" | "batchSize" | "cache">,
  cores = navigator.hardwareConcurrency,
): string {
  const { workers, batchSize } = data;
  const batches = countBatches(train, { batchSize });
  const { helpers } = threadsAndSlots(train, workers, batches);
  const remedies = [
    ...(helpers < Math.min(cores, batches)
      ? [`more threads (data.workers, now ${formatCount(helpers)})`]
      : []),
    ...(train.reads && cacheOf(data) === "none" ? ["keeping decoded pictures (data.cache)"] : []),
    train.reads
      ? "pictures that are hardly larger than the network sees them"
      : "fewer changes of images (data.augmentation)",
  ];
  return "hint: the training waits for its images; what may help: " + remedies.join(", ");
}

/** How far a download is, in a line. */
export function downloadLine({ file, isUnpacking, received, total }: DownloadProgress): string {
  const share = total ? ` of ${formatBytes(total)} (${formatPercent(received / total)})` : "";
  return `${isUnpacking ? "unpacking" : "downloading"} ${file}: ${formatBytes(received)}${share}`;
}
