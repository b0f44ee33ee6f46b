/** The datasets by name. */
import { levenshteinDistance } from "npm:deno-std@1.4.0/text/mod.js";
import { InputError } from "../errors.ts";
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
  const names = datasetNames();
  const distance = (other: string): number => levenshteinDistance(name, other);
  const nearest = names.reduce((a, b) => distance(b) < distance(a) ? b : a);
  throw new InputError(
    `there is no dataset "${name}"; did you mean "${nearest}"? The datasets are ${
      names.join(", ")
    }`,
  );
}
