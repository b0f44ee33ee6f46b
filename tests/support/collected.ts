/** Collects what a loader serves. */
import type { AugmentationChoice } from "../../datasets/augmentations/registry.ts";
import type { Batch, BatchLoader, LoaderOptions } from "../../datasets/loader.ts";
import { numberedImages } from "./images.ts";

/** 23 images, each with its number in its pixels. */
export const source = numberedImages(23, { height: 2, width: 2, channels: 3 });

const augmentation: AugmentationChoice[] = [
  "vertical_flip",
  { name: "random_crop", padding: 4 },
  "horizontal_flip",
];

/** Options of a training in batches of 5. */
export const training: LoaderOptions = { batchSize: 5, seed: 11, shuffle: true, augmentation };

/** A copy of a served batch. */
export interface Copy {
  index: number;
  count: number;
  pixels: number[];
  labels: number[];
  transforms: number[];
  others: Record<string, number[]>;
}

/** Copies of an epoch's batches. */
export async function collect(loader: BatchLoader, epoch: number, start = 0): Promise<Copy[]> {
  const copies: Copy[] = [];
  for await (const { index, count, arrays } of loader.epoch(epoch, start)) {
    const { pixels, labels, transforms = [], ...others } = arrays;
    copies.push({
      index,
      count,
      pixels: [...pixels],
      labels: [...labels],
      transforms: [...transforms],
      others: Object.fromEntries(Object.entries(others).map(([name, data]) => [name, [...data]])),
    });
  }
  return copies;
}

/** The pixels and labels of each batch, as text. */
export function batchTexts(batches: AsyncIterable<Batch>): Promise<string[]> {
  return Array.fromAsync(batches, ({ arrays }) => [arrays.pixels, arrays.labels].join(" "));
}
