/** Picture files as pixels. */
import decodeJpeg from "npm:@jsquash/jpeg@1.6.0/decode.js";
import decodePng from "npm:@jsquash/png@3.1.1/decode.js";
import resize from "npm:@jsquash/resize@2.1.1";
import { InputError } from "../errors.ts";

/** The size a network wants its images in; 1 channel is grey, 3 are red, green and blue. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Reads a PNG or JPEG file as u8 pixels [height, width, channels] of the given size. The largest
 * centred part of the same proportions is scaled with a triangle filter, as PIL's antialiased
 * bilinear does; transparency is dropped, and grey is ITU-R 601 luma, as in PIL's `convert("L")`.
 * Throws InputError for a file that cannot be read or is no such picture, and for a network of other
 * channels.
 */
export async function readImage(path: string, size: ImageSize): Promise<Uint8Array> {
  const { height, width, channels } = size;
  if (channels !== 1 && channels !== 3) {
    throw new InputError(
      `${path}: a picture has 1 or 3 channels; this network takes images of ${channels}`,
    );
  }
  const picture = await decode(path, await readFile(path));
  const fits = picture.height === height && picture.width === width;
  const { data } = fits ? picture : await resize(picture, {
    height,
    width,
    method: "triangle",
    fitMethod: "contain",
    linearRGB: false,
    premultiply: false,
  });
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
    if (channels === 1) pixels[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else pixels.set([red, green, blue], 3 * i);
  }
  return pixels;
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new InputError(`${path}: cannot read the image: ${why}`);
  }
}

async function decode(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const isPng = startsWith(bytes, [0x89, 0x50, 0x4e, 0x47]);
  if (!isPng && !startsWith(bytes, [0xff, 0xd8, 0xff])) {
    throw new InputError(`${path}: neither a PNG nor a JPEG picture; convert it to one of them`);
  }
  try {
    return await (isPng ? decodePng(bytes.buffer) : decodeJpeg(bytes.buffer));
  } catch {
    throw new InputError(`${path}: the ${isPng ? "PNG" : "JPEG"} picture is damaged`);
  }
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}
