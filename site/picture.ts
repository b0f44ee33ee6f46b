/** Reads image files on the page into the same pixels as `overfold predict`. */
/// <reference lib="dom" />
import { InputError } from "../errors.ts";
import { decodePicture } from "../files/decode.ts";
import { formatOfPicture } from "../files/picture_names.ts";
import { layOn, WHITE } from "../files/pixels.ts";
import { toImageData } from "../files/raster.ts";

/** Most pixels of a canvas: beyond the browser's own limit it stays blank without an error. */
const CANVAS_PIXELS = 1 << 24;
/** Raw pixels. */
const PLAIN = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;

interface PagePicture {
  /** Upright, without transparency. */
  readonly image: ImageData;
  /** Whether any of it was transparent, and is now on white. */
  readonly isOnGround: boolean;
  /** The same for a canvas. */
  readonly preview: ImageBitmap;
}

/**
 * Reads an image as `overfold predict` does; formats that it does not support, as the browser does.
 * Throws InputError for other files and damaged ones.
 */
export async function readPicture(file: File): Promise<PagePicture> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const image = formatOfPicture(bytes) ? await decode(file, bytes) : await decodeInBrowser(file);
  const isOnGround = layOn(image, WHITE);
  return { image, isOnGround, preview: await shrunk(await createImageBitmap(image)) };
}

async function decode(file: File, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const refuse = (damage: string) => {
    throw new InputError(`${damage}; get a new copy`);
  };
  const picture = await decodePicture(bytes, refuse).catch((error) => {
    throw new InputError(`${file.name}: ${error.message}.`, { cause: error });
  });
  return toImageData(picture);
}

async function decodeInBrowser(file: File): Promise<ImageData> {
  const bitmap = await createImageBitmap(file, PLAIN).then(shrunk).catch((error) => {
    throw new InputError(`${file.name} is not an image that this browser can read.`, {
      cause: error,
    });
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) throw new InputError("This browser cannot read the pixels of an image.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** The bitmap, or a smaller one that fits into a canvas. */
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
