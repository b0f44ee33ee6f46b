/** The datasets by name. */
import { InputError } from "../errors.ts";
import { suggestion } from "../schema/nearest.ts";
import { cifar10 } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import type { DatasetDefinition } from "./dataset.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { mnist } from "./mnist.ts";
import { synthetic } from "./synthetic.ts";

const DATASETS: Readonly<Record<string, DatasetDefinition>> = {
  mnist,
  fashion_mnist: fashionMnist,
  cifar10,
  cifar100,
  synthetic,
};

/** The names of all datasets. */
export function datasetNames(): string[] {
  return Object.keys(DATASETS);
}

/** All datasets. */
export function listDatasets(): DatasetDefinition[] {
  return Object.values(DATASETS);
}

/** The dataset of this name. Throws InputError, with the nearest valid name, if there is none. */
export function findDataset(name: string): DatasetDefinition {
  if (Object.hasOwn(DATASETS, name)) return DATASETS[name];
  throw new InputError(
    `there is no dataset "${name}"${suggestion(name, datasetNames(), "datasets")}`,
  );
}
