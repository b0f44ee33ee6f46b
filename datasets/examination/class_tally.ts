/** Collects findings about the images of one class. */
import type { Raster } from "../../files/raster.ts";
import type { PictureSource } from "../picture_source.ts";
import type { Finding } from "../sources/examined.ts";

/** The parts of a dataset, as reports call them. */
export type Split = "training" | "validation";

/** Extents of an image in pixels. */
export type Size = readonly [height: number, width: number];

/** Findings about a class. */
export interface ClassReport {
  readonly name: string;
  /** Training images, including broken ones. */
  readonly training: number;
  /** Validation images, including broken ones. */
  readonly validation: number;
  readonly broken: number;
  /** By number of pixels; absent if no image can be read. */
  readonly sizes?: { readonly smallest: Size; readonly median: Size; readonly largest: Size };
  /** Some of its images. */
  readonly thumbnails: readonly Raster[];
}

/** Builds a {@link ClassReport}. */
export class ClassTally {
  readonly #counts = { training: 0, validation: 0, broken: 0 };
  /** Sizes, each a height and a width packed into one number. */
  readonly #sizes: number[] = [];
  readonly #thumbnails: Raster[] = [];

  constructor(private readonly name: string) {}

  /** Adds an image. */
  add(split: Split, { broken, height, width, thumbnail }: Finding): void {
    this.#counts[split]++;
    if (broken === undefined) this.#sizes.push(height * PACKED + width);
    else this.#counts.broken++;
    if (thumbnail) this.#thumbnails.push(thumbnail);
  }

  /** The report. */
  report(): ClassReport {
    const sizes = this.#sizes.sort((a, b) => pixelsOf(a) - pixelsOf(b));
    const at = (index: number): Size => unpacked(sizes[index]);
    return {
      name: this.name,
      ...this.#counts,
      ...(sizes.length === 0 ? {} : {
        sizes: { smallest: at(0), median: at(sizes.length >> 1), largest: at(sizes.length - 1) },
      }),
      thumbnails: this.#thumbnails,
    };
  }
}

/** More than any width. */
const PACKED = 2 ** 17;

function unpacked(size: number): Size {
  return [Math.floor(size / PACKED), size % PACKED];
}

function pixelsOf(size: number): number {
  const [height, width] = unpacked(size);
  return height * width;
}

/** The classes in an image's targets. */
export function classesOf({ targets, count }: PictureSource, index: number): number[] {
  if (targets.labels) return [targets.labels.data[index]];
  const { data } = targets.targets;
  const width = data.length / count;
  return [...data.subarray(index * width, (index + 1) * width)]
    .flatMap((isShown, label) => isShown ? [label] : []);
}
