/** Loading a dataset by name. */
import { InputError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";
import type { DatasetInfo, Splits, SyntheticOptions } from "./dataset.ts";
import { findDataset } from "./registry.ts";
import { locateFiles, type SourceOptions } from "./source.ts";

/** Which dataset, and where its files may be. */
export interface DatasetOptions extends SourceOptions, SyntheticOptions {
  /** `mnist`, `fashion_mnist`, `cifar10`, `cifar100` or `synthetic`. */
  readonly name: string;
}

/** A dataset in memory. */
export interface LoadedDataset extends DatasetInfo, Splits {
  /** The folder the files were read from; undefined if the dataset was computed. */
  readonly folder: string | undefined;
}

/**
 * What is known of a dataset without reading a file.
 * Throws InputError for an unknown name or synthetic options out of range.
 */
export function describeDataset(options: DatasetOptions): DatasetInfo {
  const definition = findDataset(options.name);
  return definition.kind === "files" ? definition.info : definition.describe(options);
}

/**
 * Finds or downloads the files of a dataset without reading them, and returns their folder;
 * undefined for a dataset that is computed. Throws as {@link loadDataset} does.
 */
export async function downloadDataset(options: DatasetOptions): Promise<string | undefined> {
  const definition = findDataset(options.name);
  return definition.kind === "files" ? await locateFiles(definition, options) : undefined;
}

/**
 * Loads a dataset: from `root` if it is there, else from the cache, else downloaded into the cache.
 * Throws InputError for an unknown name, bad options or damaged files, RunError if the files cannot
 * be had.
 *
 * ```ts
 * import { loadDataset } from "./mod.ts";
 *
 * const { train, imageShape } = await loadDataset({ name: "synthetic", trainCount: 64 });
 * console.log(train.count, imageShape.height, imageShape.width); // 64 32 32
 * ```
 */
export async function loadDataset(options: DatasetOptions): Promise<LoadedDataset> {
  const definition = findDataset(options.name);
  const info = describeDataset(options);
  if (definition.kind === "generated") {
    return { ...info, ...definition.generate(options), folder: undefined };
  }
  const folder = await locateFiles(definition, options);
  try {
    return { ...info, ...await definition.load(folder), folder };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${folder}: cannot be read: ${refusal}`, { cause: error });
  }
}
