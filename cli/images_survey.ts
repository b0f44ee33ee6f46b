/** Examines a folder or list of images, to choose a config for it. */

import type { OpenPictures } from "../datasets/dataset.ts";
import { classesOf, type Size } from "../datasets/examination/class_tally.ts";
import { examine } from "../datasets/examination/examine.ts";
import { readList } from "../datasets/folder/list.ts";
import { SEPARATOR } from "../datasets/image_list.ts";
import { type DatasetChoice, openPictures } from "../datasets/open.ts";
import type { PictureSource } from "../datasets/picture_source.ts";
import { InputError } from "../errors.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { median } from "../reporting/statistics.ts";
import type { Context } from "./command.ts";

/** Images that are decoded to determine their size. */
const SAMPLE = 120;

/** What is known of the images. */
export interface ImagesSurvey {
  readonly dataset: DatasetChoice;
  readonly classNames: readonly string[];
  readonly sizes: { readonly train: number; readonly test: number };
  /** Training images of the smallest class. */
  readonly fewest: number;
  /** The typical size in the sample. */
  readonly typical: Size;
  /** Whether all images in the sample have that size. */
  readonly isOneSize: boolean;
  /** Whether all images in the sample are gray. */
  readonly isGrey: boolean;
  /** Why some of them cannot be read. */
  readonly broken: readonly string[];
}

/**
 * The dataset at a path: a folder of classes, or a list, with several labels if an image in it has more
 * than one. Throws InputError for neither.
 */
export async function datasetAt(path: string): Promise<DatasetChoice> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info) throw new InputError(`${path}: no such file or folder`);
  if (info.isDirectory) return { name: "image_folder", root: path };
  const severalLabels = (await readList(path, SEPARATOR)).some(({ labels }) => labels.length > 1);
  return { name: "image_list", train: path, ...(severalLabels ? { severalLabels } : {}) };
}

/** Examines the images. Throws InputError if there are none to train on. */
export async function surveyImages(path: string, context: Context): Promise<ImagesSurvey> {
  const dataset = await datasetAt(path);
  const onNotice = (line: string) => context.progress.print(line);
  const opened = (await openPictures(dataset, { scan: false, onNotice }))!;
  const { classNames, sizes } = opened.info;
  const { train, test } = await opened.load();
  const { classes, broken } = await lookAtSome(opened, train, test, context);
  const found = classes.flatMap(({ sizes }) => sizes ?? []);
  if (found.length === 0) {
    throw new InputError(
      `${path}: none of ${Math.min(SAMPLE, sizes.train)} images can be read;  ` +
        "`overfold datasets check` lists each with the reason",
    );
  }
  const all = found.flatMap(({ smallest, median, largest }) => [smallest, median, largest]);
  const area = ([height, width]: Size) => height * width;
  const typicalArea = median(found.map(({ median }) => area(median)));
  const typical = found.find(({ median }) => area(median) === typicalArea)!.median;
  const thumbnails = classes.flatMap(({ thumbnails }) => thumbnails);
  return {
    dataset,
    classNames,
    sizes,
    fewest: fewestOfAnyClass(train, classNames.length),
    typical,
    isOneSize: all.every(([height, width]) => height === typical[0] && width === typical[1]),
    isGrey: thumbnails.every(({ data }) => data.every((value, i) => value === data[i - i % 3])),
    broken: broken.map(({ path, reason }) => `${path}: ${reason}`),
  };
}

async function lookAtSome(
  { info: { classNames } }: OpenPictures,
  train: PictureSource,
  test: PictureSource,
  { progress }: Context,
) {
  const splits = { training: firstOf(train, SAMPLE), validation: firstOf(test, 1) };
  const report = await examine(splits, {
    classNames,
    thumbnails: { perClass: SAMPLE, side: 16 },
    onProgress: (done) => progress.update(() => `examined ${formatNumberOf(done, "image")}`),
  });
  progress.finish();
  return report;
}

const firstOf = (pictures: PictureSource, most: number) =>
  pictures.slice(0, Math.min(most, pictures.count));

function fewestOfAnyClass(pictures: PictureSource, classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < pictures.count; i++) classesOf(pictures, i).forEach((c) => counts[c]++);
  return Math.min(...counts);
}
