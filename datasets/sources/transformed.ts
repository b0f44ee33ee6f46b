/** Images after transforms, all of one size. */
import { InputError } from "../../errors.ts";
import type { Raster, Wanted } from "../../files/raster.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import type { FreshPicture } from "../keeps_pictures.ts";
import type { ImageShape, ImageSource, SourceHandle, TargetColumn } from "../image_source.ts";
import { FixedPictures, type PictureSource } from "../picture_source.ts";
import { type TestTime, testTimeView, viewCount } from "../test_time.ts";
import type { Transform } from "../transform.ts";
import { planTransforms, type TransformChoice } from "../transforms/registry.ts";
import { PICTURES_AT_ONCE, Turns } from "./turns.ts";

/** How images are transformed. */
interface View {
  readonly transforms: readonly TransformChoice[];
  /** Number of transforms applied before these. Default 0. */
  readonly done?: number;
  /** Seed of the transforms' random numbers. */
  readonly seed: number;
  readonly shape: ImageShape;
  /** Several views of each image. Default: one. */
  readonly testTime?: TestTime;
}

/** How a worker opens a {@link TransformedSource}. */
export interface TransformedHandle extends SourceHandle, View {
  readonly kind: "transformed";
  readonly pictures: SourceHandle;
}

/** Images transformed when they are read, for the requested epoch. */
export class TransformedSource implements ImageSource {
  readonly count: number;
  readonly shape: ImageShape;
  readonly targets: Readonly<Record<string, TargetColumn>>;
  readonly reads?: readonly string[];
  readonly #transforms: readonly Transform[];
  readonly #views: ((picture: Raster) => Raster) | undefined;
  readonly #turns = new Turns(PICTURES_AT_ONCE);

  /**
   * Throws InputError like {@link planTransforms}, but allows random transforms if there is one view.
   *
   * @param view `shape` is the size that its transforms give
   */
  constructor(private readonly pictures: PictureSource, private readonly view: View) {
    this.count = pictures.count;
    const { shape, transforms, testTime } = view;
    this.shape = testTime ? { ...shape, height: shape.height * viewCount(testTime) } : shape;
    this.#views = testTime && testTimeView({ input: shape, transforms }, testTime);
    this.targets = pictures.targets;
    if (pictures.reads) this.reads = pictures.reads;
    const options = { from: view.shape, isRandom: true };
    this.#transforms = planTransforms(view.transforms, options).transforms;
  }

  async read(index: number, epoch: number, into: Uint8Array): Promise<void> {
    await this.#turns.take(async () => {
      const picture = await this.pictures.read(index, this.#wantedOf(index, epoch));
      into.set(this.#transformed(picture, index, epoch).data);
    });
  }

  slice(from: number, to: number): TransformedSource {
    return new TransformedSource(this.pictures.slice(from, to), this.view);
  }

  /** The same images in several views each. */
  seenAs(testTime: TestTime): TransformedSource {
    return new TransformedSource(this.pictures, { ...this.view, testTime });
  }

  get handle(): TransformedHandle | undefined {
    const { handle } = this.pictures;
    return handle && { kind: "transformed", pictures: handle, ...this.view };
  }

  beginningOf(index: number, most: number): Uint8Array | undefined {
    return this.pictures.beginningOf?.(index, most);
  }

  complaints(): readonly string[] {
    return this.pictures.complaints?.() ?? [];
  }

  get memoryBytes(): number {
    return this.pictures.memoryBytes ?? 0;
  }

  takeFresh(): readonly FreshPicture[] {
    return this.pictures.takeFresh?.() ?? [];
  }

  keep(pictures: readonly FreshPicture[]): void {
    this.pictures.keep?.(pictures);
  }

  async release(): Promise<void> {
    await this.pictures.release?.();
  }

  /** The needed part of an image, if the first transform states it. */
  #wantedOf(sample: number, epoch: number): Wanted | undefined {
    const [first] = this.#transforms;
    if (!first?.partOf || this.#views) return undefined;
    return (size) => first.partOf!(size, this.#random(0, sample, epoch));
  }

  /** The random numbers of a transform. */
  #random(place: number, sample: number, epoch: number): RandomStream {
    const { seed, done = 0 } = this.view;
    const key = { seed, stream: STREAM.transforms, place: done + place, epoch, sample };
    return new RandomStream(key);
  }

  #transformed(picture: Raster, sample: number, epoch: number): Raster {
    const { pictures, shape } = this;
    return naming(pictures, sample, () => {
      if (this.#views) return this.#views(picture);
      const changed = this.#transforms.reduce(
        (changed, transform, i) => transform.apply(changed, this.#random(i, sample, epoch)),
        picture,
      );
      const { height, width } = changed;
      if (height === shape.height && width === shape.width) return changed;
      throw new InputError(
        `the transforms give ${height}x${width}, expected ${shape.height}x${shape.width}`,
      );
    });
  }
}

/** The result of `work`; its InputErrors get the image's name as prefix. */
export function naming<T>(pictures: PictureSource, index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const name = pictures.nameOf?.(index) ?? `image ${index}`;
    throw new InputError(`${name}: ${error.message}`, { cause: error });
  }
}

/**
 * Images in several views each, stacked vertically, as `evaluateNetwork` takes them. Throws InputError for
 * crops of images whose transforms have neither `center_crop` nor `fit`.
 */
export function inSeveralViews(images: ImageSource, testTime: TestTime): ImageSource {
  if (images instanceof TransformedSource) return images.seenAs(testTime);
  const { shape } = images;
  const transforms: TransformChoice[] = [{ name: "fit", size: [shape.height, shape.width] }];
  return new TransformedSource(new FixedPictures(images), { transforms, seed: 0, shape, testTime });
}
