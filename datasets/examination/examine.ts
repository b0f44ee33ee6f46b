/** Examines every image of a dataset for problems. */
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

/** Identical images. */
interface Duplicates {
  /** In the order of their names. */
  readonly paths: readonly string[];
  /** Whether some are in the training split and others in the validation split. */
  readonly isInBothSplits: boolean;
  /** Whether their labels differ. */
  readonly isInSeveralClasses: boolean;
}

/** The findings. */
export interface ExaminationReport {
  readonly classes: readonly ClassReport[];
  readonly broken: readonly BrokenPicture[];
  readonly duplicates: readonly Duplicates[];
  /** Total bytes of all files. */
  readonly bytes: number;
  /** Images with transparent pixels. */
  readonly transparent: number;
}

/** Options of the examination. */
interface ExamineOptions {
  readonly classNames: readonly string[];
  /** The number of thumbnails per class, and their side in pixels. */
  readonly thumbnails: { readonly perClass: number; readonly side: number };
  /** Threads. Default: the number of cores minus one. */
  readonly workers?: number;
  /** Receives the number of images examined so far. */
  onProgress?(done: number): void;
}

/** Images per job of a worker. */
const BATCH = 16;

/**
 * Decodes every image. Rejects with RunError if a worker ends.
 *
 * @param splits sources that provide their files (`fileOf`, `nameOf`)
 */
export async function examine(
  splits: Readonly<Record<Split, PictureSource>>,
  options: ExamineOptions,
): Promise<ExaminationReport> {
  const parts = (["training", "validation"] as const)
    .map((split) => ({ split, pictures: splits[split] }));
  /** The split of an image, by its index among all. */
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

/** The findings about each image, in order. */
async function* findings(
  pictures: PictureSource,
  split: Split,
  { classNames, thumbnails: { perClass, side }, workers }: ExamineOptions,
): AsyncGenerator<Finding, void, void> {
  // Sources have a random-looking order, so the first images are a fair sample.
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
