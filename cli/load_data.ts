/** Loads the images of a config, and determines the objective that they allow. */

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
import { objectiveOf } from "../training/objectives/registry.ts";
import type { SplitCounts } from "../training/programs.ts";
import { requireTargets } from "../training/targets.ts";
import type { Context } from "./command.ts";
import { requireNamed } from "./places.ts";

/** Most bytes of images generated for a config that the user has not named: seconds of work. */
const UNASKED_BYTES = 2 ** 26;

/** The images of a config. */
export interface Images {
  readonly info: DatasetInfo;
  readonly train: ImageSource;
  readonly validation: ImageSource;
}

/** Numbers of training and validation images of a config, known before they are loaded. */
export function countsOf({ validation, subset }: DataConfig, { sizes }: DatasetInfo): SplitCounts {
  const most = validation === "test" ? subset?.test : undefined;
  return {
    train: Math.min(sizes.train, subset?.train ?? sizes.train),
    validation: Math.min(sizes.test, most ?? sizes.test),
  };
}

/** Opens the dataset of a config. Throws InputError, at their place, for invalid options. */
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

/** The image files of a config, unprocessed; undefined for a dataset of images of one size. */
export function openPicturesOf(
  file: ConfigFile,
  options: OpenOptions,
): Promise<OpenPictures | undefined> {
  const { data } = file.config;
  return inConfig(file, () => openPictures(data.dataset, { ...placeOf(data), ...options }));
}

/** Where the dataset of a config is, and how its files are read. */
function placeOf({ root, mirror, checksums, background, onError }: DataConfig): OpenOptions {
  return {
    root: root === undefined ? undefined : fromHome(root),
    mirror,
    checksums,
    background: parseGround(background)?.ground,
    onError,
  };
}

/** Opens a dataset; errors in an option name its place in the config. */
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

/** Keys of `data`, by the dataset options that they set. */
const CONFIG_KEYS: Readonly<Record<string, OptionPath>> = {
  heldOut: ["validation", "count"],
  trainTransforms: ["train"],
  evalTransforms: ["eval"],
  preset: ["augmentation"],
};

/** The place in `data` of an option of an opened dataset. */
function configPath([first, ...rest]: OptionPath): OptionPath {
  if (typeof first !== "string" || !Object.hasOwn(CONFIG_KEYS, first)) {
    return ["dataset", first, ...rest];
  }
  return [...CONFIG_KEYS[first], ...rest];
}

/**
 * Loads the images of a config, downloading them if needed, with a progress line. With
 * `isNamed: false`, for a config that came with a network, it is an InputError if images are not on
 * this machine, if generating them exceeds the limit for untrusted configs, or if they are in a place
 * that the user has not named. `check` receives what is known of the images before any is downloaded;
 * `download: false` downloads none.
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
    /** What the user has set in that config even so: assignments `key=value`. */
    readonly set?: readonly string[];
    readonly download?: boolean;
    /** Whether images are read repeatedly, and cached as `data.cache` says. */
    readonly isKept?: boolean;
    /** Whether nothing is downloaded after them. */
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
        `its images take ${formatBytes(computedBytes)}, and without your config at most ` +
          `${formatBytes(UNASKED_BYTES)} are generated; name a config with --config`,
      );
    });
  }
  check(info);
  const splits = await load();
  progress.finish();
  // Nothing after this needs the network.
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
 * The objective that the network of a config is trained for. Throws InputError, saying where the
 * mistake is, if the images do not have its targets.
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

/** Where decoded images are cached, by name. */
export function cacheOf({ cache }: Pick<DataConfig, "cache">): keyof typeof CACHES {
  return typeof cache === "string" ? cache : cache.name;
}

/** What to do if a training waits for its images. Threads help while there are more cores. */
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
    ...(train.reads && cacheOf(data) === "none" ? ["caching decoded images (data.cache)"] : []),
    train.reads
      ? "images stored at little more than the network's input size"
      : "less augmentation (data.augmentation)",
  ];
  return "hint: the training waits for its images; these may help: " + remedies.join(", ");
}

/** The progress of a download, in one line. */
export function downloadLine({ file, isUnpacking, received, total }: DownloadProgress): string {
  const share = total ? ` of ${formatBytes(total)} (${formatPercent(received / total)})` : "";
  return `${isUnpacking ? "unpacking" : "downloading"} ${file}: ${formatBytes(received)}${share}`;
}
