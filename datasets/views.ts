/** How a dataset's images are transformed, in training and in evaluation. */
import { InputError, within } from "../errors.ts";
import { type CacheChoice, createCache } from "./caches/registry.ts";
import type { OpenDataset, OpenOptions, OpenPictures } from "./dataset.ts";
import { FixedPictures, type PictureSource } from "./picture_source.ts";
import { type PresetName, presetOf } from "./presets.ts";
import { CachedSource } from "./sources/cached.ts";
import { TransformedSource } from "./sources/transformed.ts";
import { holdOut } from "./split.ts";
import type { PictureSize } from "./transform.ts";
import { planTransforms, splitAtRandom, type TransformChoice } from "./transforms/registry.ts";

/** Which of a dataset's images are evaluated, and the transforms of both splits. */
export interface Views {
  /**
   * How many of the training images, the last, are evaluated instead of the test split, which is then
   * unused. Default: none.
   */
  readonly heldOut?: number;
  /** Transforms of training images; by default the part of `evalTransforms` without randomness. */
  readonly trainTransforms?: readonly TransformChoice[];
  /** Transforms of evaluated images; by default `fit` to the training size. */
  readonly evalTransforms?: readonly TransformChoice[];
  /** A preset that replaces the list of training transforms. */
  readonly preset?: PresetName;
  /** Seed of the random numbers. Default 0. */
  readonly transformSeed?: number;
  /** Cache of decoded images between epochs. Default: none. */
  readonly pictureCache?: CacheChoice;
}

/** The default input size for images of several sizes. */
const USUAL_SIZE = 224;

/** The transforms of both splits. */
interface BothViews {
  readonly train: readonly TransformChoice[];
  readonly eval: readonly TransformChoice[];
  readonly size: PictureSize;
}

/**
 * A dataset with transformed images; one whose images already have their size stays unchanged if there are
 * no transforms. Throws InputError for transforms that do not fit, `at` starting with the name of the list.
 */
export function viewed(
  whole: OpenDataset | OpenPictures,
  views: Views & Pick<OpenOptions, "cache" | "onNotice">,
): OpenDataset {
  const { evalTransforms, transformSeed: seed = 0, heldOut } = views;
  const opened = heldOut === undefined ? whole : holdOut(whole, heldOut);
  const from = isOfOneSize(opened) ? opened.info.imageShape : undefined;
  const { channels } = isOfOneSize(opened) ? opened.info.imageShape : opened.info;
  const trainTransforms = trainListOf(views, from, channels, usualSizeOf(opened));
  if (isOfOneSize(opened) && !trainTransforms && !evalTransforms) return opened;
  const lists = bothViews({ trainTransforms, evalTransforms }, from, usualSizeOf(opened));
  const shape = { ...lists.size, channels };
  const show = async (
    pictures: PictureSource,
    transforms: readonly TransformChoice[],
    share: number,
  ) => {
    const { fixed, size, rest } = splitAtRandom(transforms, from);
    const { pictureCache: choice = "none", cache: folder, onNotice } = views;
    const of = { pictures, transforms: fixed, size, share, folder, onNotice };
    const cache = isOfOneSize(opened) ? undefined : await createCache(choice, of);
    return cache
      ? new TransformedSource(new CachedSource(pictures, fixed, cache), {
        transforms: rest,
        done: fixed.length,
        seed,
        shape,
      })
      : new TransformedSource(pictures, { transforms, seed, shape });
  };
  return {
    ...opened,
    isOfFiles: !isOfOneSize(opened),
    info: {
      ...opened.info,
      imageShape: shape,
      ...(isUsual(lists.eval) ? {} : { transforms: lists.eval }),
    },
    async load() {
      const { train, test } = isOfOneSize(opened)
        ? await opened.load().then(({ train, test }) => ({
          train: new FixedPictures(train),
          test: new FixedPictures(test),
        }))
        : await opened.load();
      const all = train.count + test.count;
      return {
        train: await show(train, lists.train, train.count / all),
        test: await show(test, lists.eval, test.count / all),
      };
    },
  };
}

function usualSizeOf(opened: OpenDataset | OpenPictures): number {
  return isOfOneSize(opened) ? USUAL_SIZE : opened.info.usualSize ?? USUAL_SIZE;
}

/** Whether a list only does what `predict` does without one. */
function isUsual([first, ...others]: readonly TransformChoice[]): boolean {
  return others.length === 0 && typeof first === "object" && first.name === "fit";
}

/** The given list, or a preset's. */
function trainListOf(
  { trainTransforms, evalTransforms, preset }: Views,
  from: PictureSize | undefined,
  channels: number,
  usualSize: number,
): readonly TransformChoice[] | undefined {
  if (preset === undefined || preset === "none") return trainTransforms;
  if (trainTransforms) {
    throw new InputError(
      `${preset} says what is done to images that are trained on, and so does a list of ` +
        "transforms; leave one of them out",
      { at: ["preset"] },
    );
  }
  const size = bothViews({ evalTransforms }, from, usualSize).size;
  return presetOf(preset, { ...size, channels }, evalTransforms).train;
}

function bothViews(
  { trainTransforms, evalTransforms }: Views,
  from: PictureSize | undefined,
  usualSize: number,
): BothViews {
  const plan = (name: string, list: readonly TransformChoice[], isRandom: boolean) =>
    within([name], () => planTransforms(list, { from, isRandom }).size);
  if (trainTransforms === undefined) {
    const usual: TransformChoice[] = from ? [] : [{ name: "fit", size: usualSize }];
    const list = evalTransforms ?? usual;
    return { train: list, eval: list, size: plan("evalTransforms", list, false) };
  }
  const size = plan("trainTransforms", trainTransforms, true);
  const list = evalTransforms ??
    [{ name: "fit", size: [size.height, size.width] } satisfies TransformChoice];
  const measured = plan("evalTransforms", list, false);
  if (measured.height === size.height && measured.width === size.width) {
    return { train: trainTransforms, eval: list, size };
  }
  throw new InputError(
    `these transforms give images of ${measured.height}x${measured.width}; those to train on are ` +
      `${size.height}x${size.width}, and the network takes one size`,
    { at: ["evalTransforms"] },
  );
}

/** Whether a dataset's images all have the stated size. */
export function isOfOneSize(opened: OpenDataset | OpenPictures): opened is OpenDataset {
  return "imageShape" in opened.info;
}
