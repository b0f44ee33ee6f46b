/** Labelled images as a dataset of images of any size. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.ts";
import { BrokenPictures } from "../broken_pictures.ts";
import { emptyTargets, LABELS, multiHot, type TargetField } from "../image_source.ts";
import type { ChannelStatistics, OpenOptions, OpenPictures } from "../dataset.ts";
import type { Paths } from "../paths.ts";
import { loadReader } from "../sources/load_reader.ts";
import { PictureFiles, type PictureFilesOptions } from "../sources/picture_files.ts";
import { filesIn } from "../stores/files.ts";
import type { StoreHandle } from "../stores/store.ts";
import type { Labels } from "./labels.ts";
import { checkBeginnings } from "./scan.ts";
import { type HoldOut, shuffled, stratified } from "./split.ts";

/** Marks a class of which it is unknown whether an image shows it; objectives ignore it. */
const UNKNOWN = -1;

/** Bytes hashed at once. */
const PORTION = 2 ** 20;

/** The usual ImageNet statistics, which networks trained on it expect. */
export const PICTURE_STATISTICS: Readonly<Record<number, ChannelStatistics>> = {
  1: { mean: [0.449], std: [0.226] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

/** Images of a store and their classes. */
interface LabelledPictures {
  readonly name: string;
  readonly title: string;
  /** The folder or file that the user named. */
  readonly root: string;
  readonly classNames: readonly string[];
  readonly channels: 1 | 3;
  /** Default: files at `paths`. */
  readonly store?: StoreHandle;
  /** Files and folders that a worker reads for them. Default: `root`. */
  readonly reads?: readonly string[];
  /** Their names in the store. */
  readonly paths: Paths;
  readonly labels: Labels;
  /** Number of training images, which come first; without others, some are held out. */
  readonly trainCount: number;
  readonly holdOut?: HoldOut;
  /** Seed of the held-out choice and of the order. */
  readonly splitSeed: number;
  /** See {@link PictureFilesOptions.damaged}. */
  readonly damaged?: boolean;
}

/** Opens the images; files that are not images are found on loading. */
export function openLabelled(pictures: LabelledPictures, where: OpenOptions): OpenPictures {
  const { name, title, root, classNames, channels, paths, labels, reads = [root] } = pictures;
  const [train, held] = numbersOf(pictures).map((numbers) => splitOf(pictures, numbers, where));
  const orders = [train.order, held.order];
  return {
    info: {
      name,
      title,
      classNames,
      channels,
      statistics: PICTURE_STATISTICS[channels],
      targets: targetOf(pictures),
      sizes: { train: train.order.length, test: held.order.length },
      fingerprint: fingerprintOf(paths, labels, orders),
    },
    load: () => loadSplits([train, held], reads, where),
  };
}

/** The indices of the training images and of the validation images. */
function numbersOf(
  { root, classNames, paths, labels, trainCount, holdOut, splitSeed }: LabelledPictures,
): readonly [train: Uint32Array, held: Uint32Array] {
  const pictures = shuffled(paths, splitSeed, 0, trainCount);
  if (trainCount < paths.count) return [pictures, shuffled(paths, splitSeed, trainCount)];
  const labelOf = (picture: number) => labels.firstOf(picture);
  const { train, held } = stratified(pictures, labelOf, classNames.length, holdOut ?? { count: 0 });
  if (held.length > 0) return [train, held];
  throw new InputError(`${root}: no images to validate on; hold out more with holdOut`, {
    at: ["holdOut"],
  });
}

/** The target of each image. */
function targetOf({ classNames, labels }: LabelledPictures): Readonly<Record<string, TargetField>> {
  return labels.several ? { targets: multiHot(classNames.length) } : { labels: LABELS };
}

/** A split's options, independent of how its images were found. */
function splitOf(
  pictures: LabelledPictures,
  numbers: Uint32Array,
  { background: ground, onError = "stop" }: OpenOptions,
): Omit<PictureFilesOptions, "reads"> {
  const { labels, classNames, store = filesIn(pictures.paths), channels, damaged } = pictures;
  const order = new Uint32Array(new SharedArrayBuffer(4 * numbers.length));
  order.set(numbers);
  const targets = Object.entries(targetOf(pictures)).map(([name, field]) => {
    const data = emptyTargets(field, order.length);
    order.forEach((picture, i) => {
      if (!labels.several) data[i] = labels.firstOf(picture);
      else showClasses(labels.of(picture), data.subarray(i * classNames.length));
    });
    return [name, { ...field, data }];
  });
  return {
    store,
    order,
    channels,
    ...(ground ? { ground } : {}),
    ...(damaged ? { damaged } : {}),
    onError,
    targets: Object.fromEntries(targets),
    broken: BrokenPictures.among(order.length).handle,
  };
}

async function loadSplits(
  splits: readonly Omit<PictureFilesOptions, "reads">[],
  files: readonly string[],
  { onError = "stop", scan = true }: OpenOptions,
): Promise<{ train: PictureFiles; test: PictureFiles }> {
  const reads = [...files, ...await decoderFiles()];
  const sources = splits.map((split) => new PictureFiles({ ...split, reads }));
  if (scan) await checkBeginnings(sources, onError);
  const [train, test] = sources;
  return { train, test };
}

/** Marks an image's classes in its target, initially zero. */
function showClasses(classes: Int32Array, target: { [label: number]: number }): void {
  for (const one of classes) {
    if (one < 0) target[~one] = UNKNOWN;
    else target[one] = 1;
  }
}

/** A fingerprint of the names, the labels and the split. */
function fingerprintOf(
  { handle: { blocks, ends } }: Paths,
  labels: Labels,
  splits: readonly Uint32Array[],
): string {
  const hash = createHash("sha256");
  // The hash does not accept shared memory.
  const portion = new Uint8Array(PORTION);
  for (const { buffer, byteOffset, byteLength } of [...blocks, ends, ...labels.parts, ...splits]) {
    for (let at = 0; at < byteLength; at += PORTION) {
      const part = portion.subarray(0, Math.min(PORTION, byteLength - at));
      part.set(new Uint8Array(buffer, byteOffset + at, part.length));
      hash.update(part);
    }
  }
  return hash.digest("hex").slice(0, 32);
}

/** The decoders' WebAssembly, which a worker reads in addition to the images. */
async function decoderFiles(): Promise<string[]> {
  const { decoderLocations } = await loadReader();
  return decoderLocations().map((location) => fileURLToPath(location));
}
