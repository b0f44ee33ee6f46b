/** A look at every image of a dataset, and what is wrong with them. */
import { WHITE } from "../../files/pixels.ts";
import { byCodePoint } from "../folder/names.ts";
import { BatchLoader } from "../loader.ts";
import type { PictureSource } from "../picture_source.ts";
import { DIGEST_BYTES, ExaminedPictures, type Finding, readFinding } from "../sources/examined.ts";
import { classesOf, type ClassReport, ClassTally, type Split } from "./class_tally.ts";
import { equalAmong } from "./duplicates.ts";

/** An image that cannot be read. */
interface BrokenPicture {
  readonly path: string;
  readonly split: Split;
  readonly reason: string;
}

/** Images of the same bytes. */
interface Duplicates {
  /** In the order of their names. */
  readonly paths: readonly string[];
  /** Whether some are trained on and others measured on. */
  readonly isInBothSplits: boolean;
  /** Whether they are not all said to show the same. */
  readonly isInSeveralClasses: boolean;
}

/** What was found. */
export interface ExaminationReport {
  readonly classes: readonly ClassReport[];
  readonly broken: readonly BrokenPicture[];
  readonly duplicates: readonly Duplicates[];
  /** Bytes of all files. */
  readonly bytes: number;
  /** Images that are transparent somewhere. */
  readonly transparent: number;
}

/** How images are looked at. */
interface ExamineOptions {
  readonly classNames: readonly string[];
  /** How many of each class are kept as thumbnails, and how many pixels a side they have. */
  readonly thumbnails: { readonly perClass: number; readonly side: number };
  /** Threads. Default: as many as cores but one. */
  readonly workers?: number;
  /** Is told how many images have been looked at. */
  onProgress?(done: number): void;
}

/** Images that a worker looks at in one piece. */
const BATCH = 16;

/**
 * Decodes every image. Rejects with RunError if a worker ends.
 *
 * @param splits sources that give their files (`fileOf`, `nameOf`)
 */
export async function examine(
  splits: Readonly<Record<Split, PictureSource>>,
  options: ExamineOptions,
): Promise<ExaminationReport> {
  const parts = (["training", "validation"] as const)
    .map((split) => ({ split, pictures: splits[split] }));
  /** Of which part the image at a place among all is. */
  const pictureAt = (place: number) => {
    const first = splits.training.count;
    const { split, pictures } = parts[Number(place >= first)];
    return { split, pictures, index: place < first ? place : place - first };
  };
  const nameAt = (place: number) => {
    const { pictures, index } = pictureAt(place);
    return pictures.nameOf!(index);
  };
  const tallies = options.classNames.map((name) => new ClassTally(name));
  const digests = new Uint8Array(DIGEST_BYTES * (splits.training.count + splits.validation.count));
  const broken: BrokenPicture[] = [];
  let [place, bytes, transparent] = [0, 0, 0];
  for (const { split, pictures } of parts) {
    for await (const found of findings(pictures, split, options)) {
      const { index } = pictureAt(place);
      for (const label of classesOf(pictures, index)) tallies[label].add(split, found);
      bytes += found.bytes;
      if (found.isTransparent) transparent++;
      if (found.broken === undefined) digests.set(found.digest, DIGEST_BYTES * place);
      else broken.push({ path: nameAt(place), split, reason: found.broken });
      place++;
      options.onProgress?.(place);
    }
  }
  const several = (values: readonly unknown[]) => new Set(values).size > 1;
  return {
    classes: tallies.map((tally) => tally.report()),
    broken: broken.sort((a, b) => byCodePoint(a.path, b.path)),
    duplicates: equalAmong(digests).map((places) => {
      const pictures = places.map(pictureAt);
      return {
        paths: places.map(nameAt).sort(byCodePoint),
        isInBothSplits: several(pictures.map(({ split }) => split)),
        isInSeveralClasses: several(
          pictures.map(({ pictures, index }) => `${classesOf(pictures, index)}`),
        ),
      };
    }).sort((a, b) => byCodePoint(a.paths[0], b.paths[0])),
    bytes,
    transparent,
  };
}

/** What is found of each image, in their order. */
async function* findings(
  pictures: PictureSource,
  split: Split,
  { classNames, thumbnails: { perClass, side }, workers }: ExamineOptions,
): AsyncGenerator<Finding, void, void> {
  // Sources have their images in an order that looks random: the first ones are a fair sample.
  const shown = new Uint8Array(new SharedArrayBuffer(pictures.count));
  const left = classNames.map(() => split === "training" ? perClass : 0);
  shown.forEach((_, i) => {
    for (const label of classesOf(pictures, i)) if (left[label]-- > 0) shown[i] = 1;
  });
  const source = new ExaminedPictures(pictures, { shown, side, ground: WHITE });
  const batchSize = Math.min(BATCH, pictures.count);
  using loader = new BatchLoader(source, { batchSize, ...(workers ? { workers } : {}) });
  for await (const { index, count, arrays: { pixels } } of loader.epoch(0)) {
    const length = pixels.length / batchSize;
    for (let row = 0; row < count; row++) {
      const record = pixels.subarray(row * length, (row + 1) * length) as Uint8Array;
      yield readFinding(record, shown[index * batchSize + row] ? side : 0);
    }
  }
}
