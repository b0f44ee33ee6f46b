/**
 * Image sources: they know the number of images and their targets, and read any image.
 *
 * Images are u8, channels last and row-major. Targets are in shared memory, so that the threads that
 * prepare batches read them without a copy.
 */
import { InputError } from "../errors.ts";
import type { ImageShape } from "../files/pixels.ts";
import { sizeOf } from "../graph/types.ts";
import type { KeepsPictures } from "./keeps_pictures.ts";

export type { ImageShape };

/** Bytes in one image. */
export function imageSize({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/** Arrays of the element types that a batch can have. */
export interface TargetArrays {
  /** Signed, 32 bits. */
  readonly i32: Int32Array<SharedArrayBuffer>;
  /** Single precision. */
  readonly f32: Float32Array<SharedArrayBuffer>;
  /** Unsigned, 8 bits. */
  readonly u8: Uint8Array<SharedArrayBuffer>;
}

/** An element type of targets. */
export type TargetDType = keyof TargetArrays;

/** The form of the targets of one name. */
export interface TargetField {
  /** Element type. */
  readonly dtype: TargetDType;
  /** Extents of one image's target; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Value of batch rows without an image; no image's target may be it. */
  readonly filling: number;
}

/** The targets of one name for all images. */
export interface TargetColumn extends TargetField {
  /** [count, …shape], row-major. */
  readonly data: TargetArrays[TargetDType];
}

/** Classes, from 0: one i32 number per image, -1 in padding. */
export const LABELS: TargetField & { readonly dtype: "i32" } = {
  dtype: "i32",
  shape: [],
  filling: -1,
};

/** Whether targets are classes: one number per image. */
export function isClass({ dtype, shape }: TargetField): boolean {
  return dtype === "i32" && shape.length === 0;
}

/** Which classes an image shows: f32 [classes], each 0 or 1, and -1 in padding. */
export function multiHot(classes: number): TargetField & { readonly dtype: "f32" } {
  return { dtype: "f32", shape: [classes], filling: -1 };
}

/** A field's array for `count` images, in fresh shared memory, all zero. */
export function emptyTargets<D extends TargetDType>(
  field: TargetField & { readonly dtype: D },
  count: number,
): TargetArrays[D] {
  const length = count * sizeOf(field.shape);
  const arrays: { readonly [T in TargetDType]: () => TargetArrays[T] } = {
    i32: () => new Int32Array(new SharedArrayBuffer(4 * length)),
    f32: () => new Float32Array(new SharedArrayBuffer(4 * length)),
    u8: () => new Uint8Array(new SharedArrayBuffer(length)),
  };
  return arrays[field.dtype]();
}

/**
 * How a worker opens a source again: plain data that can be posted to it. `kind` is a name in
 * `sources/registry.ts`, or the address of a module that exports
 * `openSource(handle): ImageSource | Promise<ImageSource>`. An epoch waits for the source to open, and for
 * `read`, so neither promise may stay pending forever.
 */
export interface SourceHandle {
  /** What opens it. */
  readonly kind: string;
}

/** Images with their targets. */
export interface ImageSource extends KeepsPictures {
  /** Number of images. */
  readonly count: number;
  /** Extents of every image. */
  readonly shape: ImageShape;
  /** By name, such as `labels`; objectives check which they need. */
  readonly targets: Readonly<Record<string, TargetColumn>>;
  /**
   * Writes an image's pixels, [height, width, channels], into `into`. They depend only on the
   * arguments. Rejects with InputError for an image that cannot be read.
   *
   * @param index from 0 to count - 1
   * @param epoch from 0, for sources that show an image differently in each
   */
  read(index: number, epoch: number, into: Uint8Array): void | Promise<void>;
  /** Images `from` to `to` - 1, without a copy. Throws InputError if they are not there. */
  slice(from: number, to: number): ImageSource;
  /**
   * Files and folders that it reads, if it needs nothing else: its images are then decoded by workers that
   * may only read these (`picture_worker.ts`), never by the thread that requests batches while workers are
   * available.
   */
  readonly reads?: readonly string[];
  /**
   * The first `most` bytes of an image's file; undefined if finding them would take as long as reading it.
   * Throws the system's errors.
   */
  beginningOf?(index: number, most: number): Uint8Array | undefined;
  /** Why images that could not be read were replaced so far, one sentence each. */
  complaints?(): readonly string[];
  /** How a worker opens it. Without one, the thread that requests batches reads the images. */
  readonly handle?: SourceHandle;
}

/** Throws InputError unless a source of `count` images can be sliced `from` `to`. */
export function requireRange(count: number, from: number, to: number): void {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > count) {
    throw new InputError(`found the range ${from} to ${to}; expected one within 0 to ${count}`);
  }
  if (from >= to) throw new InputError("a slice needs at least one image");
}

/** The first images of a source, in epoch 0: u8 [N, H, W, C]; at most `limit`. */
export async function readImages(source: ImageSource, limit = source.count): Promise<Uint8Array> {
  const size = imageSize(source.shape);
  const count = Math.min(limit, source.count);
  const pixels = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    await source.read(i, 0, pixels.subarray(i * size, (i + 1) * size));
  }
  return pixels;
}
