/** Picture files on the disk. */
import { InputError } from "../errors.ts";
import { decodePicture } from "./decode.ts";
import { otherKind } from "./kind_of_file.ts";
import { readWanted } from "./read_wanted.ts";
import { type Colour, type ImageSize, layOn, networkPixels } from "./pixels.ts";

/** How pictures are read. */
export interface ReadOptions {
  /** What transparent pixels lie on; without it they have the colours that are stored under them. */
  readonly ground?: Colour;
  /** Whether damaged pictures are read too, as far as they can be decoded. */
  readonly damaged?: boolean;
}

/** A picture as a network takes it. */
export interface ReadPicture {
  /** u8 [height, width, channels]. */
  readonly pixels: Uint8Array;
  /** Whether any of it was transparent and lies on the ground now. */
  readonly isOnGround: boolean;
  /** What is wrong with the file, if anything is. */
  readonly damage?: string;
}

/** Throws InputError for the network in `path` if it takes no pictures: those have 1 or 3 channels. */
export function requirePictures(path: string, { channels }: ImageSize): void {
  if (channels === 1 || channels === 3) return;
  throw new InputError(
    `${path}: a picture has 1 or 3 channels; this network takes images of ${channels}`,
  );
}

/**
 * Reads a PNG or JPEG file, held upright, cut and scaled as {@link networkPixels} does. Throws
 * InputError for a file that cannot be read, is no such picture or a damaged one.
 *
 * @param size such that {@link requirePictures} lets it pass
 */
export async function readImage(
  path: string,
  size: ImageSize,
  { ground, damaged = false }: ReadOptions = {},
): Promise<ReadPicture> {
  const bytes = await readWanted(path, "picture");
  let damage: string | undefined;
  const onDamage = (found: string) => {
    if (!damaged) {
      throw new InputError(`${found}; get it anew, or read what is left of it with --damaged`);
    }
    damage = found;
  };
  const picture = await decodePicture(bytes, onDamage).catch((error) => {
    if (!(error instanceof InputError)) throw error;
    throw otherKind(path, bytes, "picture") ?? new InputError(`${path}: ${error.message}`);
  });
  const isOnGround = ground !== undefined && layOn(picture, ground);
  const pixels = networkPixels(picture, size);
  return { pixels, isOnGround, ...(damage === undefined ? {} : { damage }) };
}
