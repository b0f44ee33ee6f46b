/** Decodes WebP files: the first frame of an animation. */
import webp from "npm:@jsquash/webp@1.5.0/codec/dec/webp_dec.js";
import { orientationOf, upright } from "../orientation.ts";
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { BROKEN, cutOff, ruined } from "./damage.ts";

/** Number of pixels above which the decoder's memory is released. */
const LARGE = 1 << 22;

/** Bytes of a chunk's header: its type and its length. */
const CHUNK_HEADER = 8;
/** Bytes of a frame's header, which precedes its chunks. */
const FRAME_HEADER = 16;

/** A file's chunks by type; of several of a type, the first. */
type Chunks = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

type Decoder = Awaited<ReturnType<typeof webp>>;

let decoder: Promise<Decoder> | undefined;

/**
 * Decodes a WebP file to an upright image; what the first frame does not cover is black and transparent.
 * Throws InputError for a damaged file, none of which can be decoded.
 */
export async function decodeWebp(
  bytes: Uint8Array<ArrayBuffer>,
  _onDamage: OnDamage,
): Promise<ImageData> {
  const view = viewOf(bytes);
  if (bytes.length < 20 || view.getUint32(4, true) > bytes.length - 8) {
    throw ruined("WebP", cutOff(bytes));
  }
  const chunks = chunksOf(bytes.subarray(12, 8 + view.getUint32(4, true)));
  const canvas = sizeOf(chunks);
  const exif = chunks.get("EXIF");
  const frame = chunks.get("ANMF");
  const picture = frame ? await decodeFrame(frame, canvas) : await decode(bytes, canvas);
  return exif ? upright(picture, orientationOf(withoutName(exif))) : picture;
}

/** Location of the decoder's WebAssembly. */
export function webpDecoderLocation(): URL {
  return new URL(import.meta.resolve("npm:@jsquash/webp@1.5.0/codec/dec/webp_dec.wasm"));
}

/** Columns and rows. */
type Size = readonly [width: number, height: number];

async function decode(file: Uint8Array<ArrayBuffer>, [width, height]: Size): Promise<ImageData> {
  const { decode } = await (decoder ??= webp({ noInitialRun: true }));
  if (width * height >= LARGE) decoder = undefined;
  let picture: ImageData | null = null;
  try {
    picture = decode(file);
  } catch {
    // The library leaks memory on errors.
    decoder = undefined;
  }
  if (picture?.width === width && picture.height === height) return picture;
  throw ruined("WebP", BROKEN);
}

/** Places a frame on the canvas. */
async function decodeFrame(frame: Uint8Array<ArrayBuffer>, canvas: Size): Promise<ImageData> {
  if (frame.length < FRAME_HEADER) throw ruined("WebP", "its first frame has no header");
  const view = viewOf(frame);
  const [left, top, width, height] = [0, 3, 6, 9].map((at) =>
    view.getUint16(at, true) | view.getUint8(at + 2) << 16
  );
  const size = [width + 1, height + 1] as const;
  if (2 * left + size[0] > canvas[0] || 2 * top + size[1] > canvas[1]) {
    throw ruined("WebP", "its first frame lies outside the image");
  }
  const content = frame.subarray(FRAME_HEADER);
  if (!sameSize(sizeOf(chunksOf(content)), size)) {
    throw ruined("WebP", "its first frame does not have the size in its header");
  }
  const { data } = await decode(fileOf(content, size), size);
  const picture = new ImageData(...canvas);
  const stride = 4 * size[0];
  for (let row = 0; row < size[1]; row++) {
    const to = 4 * ((2 * top + row) * canvas[0] + 2 * left);
    picture.data.set(data.subarray(row * stride, (row + 1) * stride), to);
  }
  return picture;
}

/** A file with only a frame's chunks. */
function fileOf(chunks: Uint8Array, [width, height]: Size): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(30 + chunks.length);
  const view = viewOf(file);
  const text = (at: number, name: string) => file.set(new TextEncoder().encode(name), at);
  text(0, "RIFF");
  view.setUint32(4, file.length - 8, true);
  text(8, "WEBPVP8X");
  view.setUint32(16, 10, true);
  // Part of it may be transparent.
  file[20] = 0x10;
  [[24, width], [27, height]].forEach(([at, side]) => {
    view.setUint16(at, side - 1 & 0xffff, true);
    file[at + 2] = side - 1 >> 16;
  });
  file.set(chunks, 30);
  return file;
}

function chunksOf(bytes: Uint8Array<ArrayBuffer>): Chunks {
  const chunks = new Map<string, Uint8Array<ArrayBuffer>>();
  const view = viewOf(bytes);
  for (let at = 0; at + CHUNK_HEADER <= bytes.length;) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    at += CHUNK_HEADER;
    if (!chunks.has(type)) chunks.set(type, bytes.subarray(at, at + length));
    at += length + length % 2;
  }
  return chunks;
}

/** The image's size. Throws InputError if it is missing or not supported. */
function sizeOf(chunks: Chunks): Size {
  const [extended, lossy, lossless] = ["VP8X", "VP8 ", "VP8L"].map((type) => chunks.get(type));
  let size: Size | undefined;
  if (extended && extended.length >= 10) {
    const view = viewOf(extended);
    const [width, height] = [4, 7].map((at) => view.getUint16(at, true) | extended[at + 2] << 16);
    size = [width + 1, height + 1];
  } else if (lossy && lossy.length >= 10) {
    const view = viewOf(lossy);
    size = [view.getUint16(6, true) & 0x3fff, view.getUint16(8, true) & 0x3fff];
  } else if (lossless && lossless.length >= 5) {
    const bits = viewOf(lossless).getUint32(1, true);
    size = [(bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1];
  }
  if (!size) throw ruined("WebP", "nothing in it gives the image's size");
  checkPictureSize(...size);
  return size;
}

function sameSize(one: Size, other: Size): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

/** EXIF data without JPEG's prefix, which some programs leave there. */
function withoutName(exif: Uint8Array): Uint8Array {
  return String.fromCharCode(...exif.subarray(0, 6)) === "Exif\0\0" ? exif.subarray(6) : exif;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
