/** Picture files on the disk. */
import { InputError } from "../errors.ts";
import { decodePicture } from "./decode.ts";
import { otherKind } from "./kind_of_file.ts";
import { readPictureFile } from "./picture_file.ts";
import { type Colour, fit, type ImageShape, layOn } from "./pixels.ts";
import { type Raster, toRaster, type Wanted } from "./raster.ts";

/** How pictures are read. */
export interface ReadOptions {
  /** What transparent pixels lie on; without it they have the colours that are stored under them. */
  readonly ground?: Colour;
  /** Whether damaged pictures are read too, as far as they can be decoded. */
  readonly damaged?: boolean;
  /** What of a picture is looked at. Default: all. */
  readonly wanted?: Wanted;
}

/** What is told of a picture that has been read. */
interface Told {
  /** Whether any of it was transparent and lies on the ground now. */
  readonly isOnGround: boolean;
  /** What is wrong with the file, if anything is. */
  readonly damage?: string;
}

/** A picture of its own size. */
export interface ReadRaster extends Told {
  readonly raster: Raster;
}

/** A picture as a network takes it. */
export interface ReadPicture extends Told {
  /** u8 [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** Throws InputError for the network in `path` if it takes no pictures: those have 1 or 3 channels. */
export function requirePictures(path: string, { channels }: ImageShape): void {
  if (channels === 1 || channels === 3) return;
  throw new InputError(
    `${path}: a picture has 1 or 3 channels; this network takes images of ${channels}`,
  );
}

/**
 * Reads a picture file, held upright, in 1 or 3 channels. Throws InputError for a file that cannot be
 * read, is no picture or a damaged one.
 *
 * @param remedy what to do about a damaged one
 */
export async function readRaster(
  path: string,
  channels: number,
  options?: ReadOptions,
  remedy?: string,
): Promise<ReadRaster> {
  return await decodeRaster(path, await readPictureFile(path), channels, options, remedy);
}

/** As {@link readRaster}, of a file whose contents have been read. */
export async function decodeRaster(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  { ground, damaged = false, wanted }: ReadOptions = {},
  remedy = "get it anew",
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
 * As {@link readRaster}, as a network of this size takes it.
 *
 * @param size such that {@link requirePictures} lets it pass
 * @param view what makes pixels of that size of the picture; by default {@link fit}
 */
export async function readImage(
  path: string,
  size: ImageShape,
  options: ReadOptions = {},
  view = (picture: Raster) => fit(picture, size),
): Promise<ReadPicture> {
  const remedy = "get it anew, or read what is left of it with --damaged";
  const { raster, ...told } = await readRaster(path, size.channels, options, remedy);
  try {
    return { pixels: view(raster).data, ...told };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${path}: ${error.message}`, { cause: error });
  }
}
