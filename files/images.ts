/** Reads image files. */
import { InputError } from "../errors.ts";
import { decodePicture } from "./decode.ts";
import { otherKind } from "./kind_of_file.ts";
import { readPictureFile } from "./picture_file.ts";
import { type Colour, fit, type ImageShape, layOn } from "./pixels.ts";
import { type Raster, toRaster, type Wanted } from "./raster.ts";

/** How images are read. */
export interface ReadOptions {
  /** The background of transparent pixels; without it they have the colours stored for them. */
  readonly ground?: Colour;
  /** Whether damaged images are accepted, decoded as far as possible. */
  readonly damaged?: boolean;
  /** The part of the image that is needed. Default: all. */
  readonly wanted?: Wanted;
}

/** What happened when an image was read. */
interface Told {
  /** Whether it had transparent pixels, which now show the background. */
  readonly isOnGround: boolean;
  /** The file's damage, if any. */
  readonly damage?: string;
}

/** An image of its own size. */
export interface ReadRaster extends Told {
  readonly raster: Raster;
}

/** An image as a network's input. */
export interface ReadPicture extends Told {
  /** u8 [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** Throws InputError if the network in `path` does not accept images of 1 or 3 channels. */
export function requirePictures(path: string, { channels }: ImageShape): void {
  if (channels === 1 || channels === 3) return;
  throw new InputError(
    `${path}: this network needs images of ${channels} channels; image files give 1 or 3`,
  );
}

/**
 * Reads an image file, upright, in 1 or 3 channels. Throws InputError if it cannot be read, is not an image
 * or is damaged.
 *
 * @param remedy advice for a damaged file
 */
export async function readRaster(
  path: string,
  channels: number,
  options?: ReadOptions,
  remedy?: string,
): Promise<ReadRaster> {
  return await decodeRaster(path, await readPictureFile(path), channels, options, remedy);
}

/** Like {@link readRaster}, for the contents of a file. */
export async function decodeRaster(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  { ground, damaged = false, wanted }: ReadOptions = {},
  remedy = "get a new copy",
): Promise<ReadRaster> {
  let damage: string | undefined;
  const onDamage = (found: string) => {
    if (!damaged) throw new InputError(`${found}; ${remedy}`);
    damage = found;
  };
  const picture = await decodePicture(bytes, onDamage, wanted).catch((error) => {
    if (!(error instanceof InputError)) throw error;
    throw otherKind(path, bytes, "picture") ?? new InputError(`${path}: ${error.message}`);
  });
  const isOnGround = ground !== undefined && !("channels" in picture) && layOn(picture, ground);
  const raster = toRaster(picture, channels);
  return { raster, isOnGround, ...(damage === undefined ? {} : { damage }) };
}

/**
 * Like {@link readRaster}, as the input of a network of this size.
 *
 * @param size one that {@link requirePictures} accepts
 * @param view converts to that size; by default {@link fit}
 */
export async function readImage(
  path: string,
  size: ImageShape,
  options: ReadOptions = {},
  view = (picture: Raster) => fit(picture, size),
): Promise<ReadPicture> {
  const remedy = "get a new copy, or decode as much as possible with --damaged";
  const { raster, ...told } = await readRaster(path, size.channels, options, remedy);
  try {
    return { pixels: view(raster).data, ...told };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${path}: ${error.message}`, { cause: error });
  }
}
