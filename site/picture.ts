/** Picture files on the page: the pixels that `overfold predict` takes from them. */
/// <reference lib="dom" />
import { InputError } from "../errors.ts";
import { decodePicture } from "../files/decode.ts";
import { formatOfPicture } from "../files/picture_names.ts";
import { layOn, WHITE } from "../files/pixels.ts";
import { toImageData } from "../files/raster.ts";

/** Most pixels of a canvas: beyond a browser's own limit it stays blank without a word. */
const CANVAS_PIXELS = 1 << 24;
/** Pixels as they are. */
const PLAIN = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;

/** A picture as it was read. */
interface PagePicture {
  /** Held upright, without transparency. */
  readonly image: ImageData;
  /** Whether any of it was transparent and lies on white now. */
  readonly isOnGround: boolean;
  /** The same to be shown in a canvas. */
  readonly preview: ImageBitmap;
}

/**
 * Reads a picture as `overfold predict` does, everywhere the same; what that does not read, as the
 * browser does. Throws InputError for a file that is none, and for a damaged one.
 */
export async function readPicture(file: File): Promise<PagePicture> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const image = formatOfPicture(bytes) ? await decode(file, bytes) : await decodeInBrowser(file);
  const isOnGround = layOn(image, WHITE);
  return { image, isOnGround, preview: await shrunk(await createImageBitmap(image)) };
}

async function decode(file: File, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const refuse = (damage: string) => {
    throw new InputError(`${damage}; get it anew`);
  };
  const picture = await decodePicture(bytes, refuse).catch((error) => {
    throw new InputError(`${file.name}: ${error.message}.`, { cause: error });
  });
  return toImageData(picture);
}

async function decodeInBrowser(file: File): Promise<ImageData> {
  const bitmap = await createImageBitmap(file, PLAIN).then(shrunk).catch((error) => {
    throw new InputError(`${file.name} is not a picture that this browser can read.`, {
      cause: error,
    });
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) throw new InputError("This browser cannot read the pixels of a picture.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** The bitmap, or a smaller one in its place that fits into a canvas. */
async function shrunk(bitmap: ImageBitmap): Promise<ImageBitmap> {
  const share = Math.sqrt(CANVAS_PIXELS / (bitmap.width * bitmap.height));
  if (share >= 1) return bitmap;
  const resizeWidth = Math.max(1, Math.floor(bitmap.width * share));
  const resizeHeight = Math.max(1, Math.floor(bitmap.height * share));
  const resizeQuality = "high";
  try {
    return await createImageBitmap(bitmap, { ...PLAIN, resizeWidth, resizeHeight, resizeQuality });
  } finally {
    bitmap.close();
  }
}
