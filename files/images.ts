/** Picture files as pixels. */
import decodeJpeg, { init as initJpeg } from "npm:@jsquash/jpeg@1.6.0/decode.js";
import decodePng from "npm:@jsquash/png@3.1.1/decode.js";
import { InputError } from "../errors.ts";
import { otherKind } from "./kind_of_file.ts";
import { type ImageSize, networkPixels } from "./pixels.ts";

/**
 * Reads a PNG or JPEG file as u8 pixels [height, width, channels], cut and scaled as
 * {@link networkPixels} does. Throws InputError for a file that cannot be read or is no such picture,
 * and for a network of other channels.
 */
export async function readImage(path: string, size: ImageSize): Promise<Uint8Array> {
  const { channels } = size;
  if (channels !== 1 && channels !== 3) {
    throw new InputError(
      `${path}: a picture has 1 or 3 channels; this network takes images of ${channels}`,
    );
  }
  return networkPixels(await decode(path, await readFile(path)), size);
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
    throw otherKind(path, bytes, "picture") ??
      new InputError(`${path}: neither a PNG nor a JPEG picture; convert it to one of them`);
  }
  try {
    return await (isPng ? decodePng(bytes.buffer) : decodeWholeJpeg(bytes.buffer));
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split("\n")[0];
    throw new InputError(
      `${path}: the ${
        isPng ? "PNG" : "JPEG"
      } picture cannot be decoded (${reason}); if it is whole, ` +
        "convert it to an RGB PNG or JPEG",
    );
  }
}

/** What the JPEG decoder has said of the picture: it fills up one that is cut off, and says so. */
let jpegComplaints: string[] = [];
let jpegDecoder: Promise<unknown> | undefined;

/** Throws an Error for a picture that is damaged or cut off. */
async function decodeWholeJpeg(bytes: ArrayBuffer): Promise<ImageData> {
  await (jpegDecoder ??= initJpeg({ printErr: (line: string) => jpegComplaints.push(line) }));
  jpegComplaints = [];
  const image = await decodeJpeg(bytes).catch((error) => {
    throw jpegComplaints.length > 0 ? new Error(jpegComplaints[0]) : error;
  });
  const cut = jpegComplaints.find((line) => line.startsWith("Premature end"));
  if (cut !== undefined) throw new Error(cut);
  return image;
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}
