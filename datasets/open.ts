/** Opens and loads datasets by name. */
import { InputError } from "../errors.ts";
import { type Choice, chosen } from "../schema/entry.ts";
import { warnRenamed } from "../schema/former_names.ts";
import { isRecord } from "../schema/record.ts";
import type {
  DatasetEntry,
  DatasetInfo,
  OpenDataset,
  OpenOptions,
  OpenPictures,
  Splits,
} from "./dataset.ts";
import { DATASETS } from "./registry.ts";
import { isOfOneSize, viewed, type Views } from "./views.ts";

/** A dataset: its name, or `{ name, …options }` with its own options. */
export type DatasetChoice = Choice<typeof DATASETS>;

/** Where a dataset is, how it is read, and how its images are transformed. */
export interface DatasetOptions extends OpenOptions, Views {}

/** A dataset with its images. */
export interface LoadedDataset extends DatasetInfo, Splits {}

/**
 * Opens a dataset: describes it, without a download if its classes, sizes and statistics are built in, and
 * loads it on request.
 *
 * @param where where its files may be: by default in the cache, filled by download
 * @throws InputError for an unknown name or an option that does not fit, `at` that option; for
 * transforms that do not fit, `at` begins with `transforms`
 */
export async function openDataset(
  choice: DatasetChoice,
  where: DatasetOptions = {},
): Promise<OpenDataset> {
  return viewed(await opened(choice, where), where);
}

/**
 * Opens a dataset of images of any size; undefined for one whose images all have the same size. Throws as
 * {@link openDataset}.
 */
export async function openPictures(
  choice: DatasetChoice,
  where: OpenOptions = {},
): Promise<OpenPictures | undefined> {
  const found = await opened(choice, where);
  return isOfOneSize(found) ? undefined : found;
}

async function opened(
  choice: DatasetChoice,
  { onPassedOver, onSkipped = onPassedOver, ...where }: OpenOptions,
): Promise<OpenDataset | OpenPictures> {
  requirePlaceBeside(choice);
  if (onPassedOver) warnRenamed("onPassedOver of datasets", "onSkipped");
  const { entry, options } = chosen<DatasetEntry>(DATASETS, choice, "dataset");
  return await entry.build(options, { ...where, onSkipped });
}

/** Throws InputError for a choice that contains the location of a dataset that can be anywhere. */
function requirePlaceBeside(choice: DatasetChoice): void {
  if (!isRecord(choice) || !Object.hasOwn(choice, "root")) return;
  const name = String(choice.name);
  const entry: DatasetEntry | undefined = Object.hasOwn(DATASETS, name)
    ? DATASETS[name as keyof typeof DATASETS]
    : undefined;
  if (!entry || Object.hasOwn(entry.schema.shape, "root")) return;
  throw new InputError(
    `dataset ${name}: root is not one of its options; pass it next to the name, as in ` +
      `loadDataset("${name}", { root: … })`,
    { at: ["root"] },
  );
}

/**
 * Loads a dataset: from `root` if one is given, else from the cache, else downloaded into the cache.
 * Throws InputError for an unknown name, bad options, damaged files or a `root` without them, RunError
 * if the files are not available.
 *
 * ```ts
 * import { loadDataset } from "./mod.ts";
 *
 * const { train, imageShape } = await loadDataset({ name: "synthetic", trainCount: 64 });
 * console.log(train.count, imageShape.height, imageShape.width); // 64 32 32
 * ```
 *
 * @param choice its name, or `{ name, … }` with its own options
 * @param where where its files may be: by default in the cache, filled by download;
 * `loadDataset("cifar10", { root })` reads those in a folder
 */
export async function loadDataset(
  choice: DatasetChoice,
  where: DatasetOptions = {},
): Promise<LoadedDataset> {
  const { info, load } = await openDataset(choice, where);
  return { ...info, ...await load() };
}
