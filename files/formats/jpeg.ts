/** JPEG files as pixels. */
import mozjpeg from "npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.js";
import { InputError, messageOf } from "../../errors.ts";
import { formatCount } from "../../reporting/format.ts";
import { orientationOf, upright } from "../orientation.ts";
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { type DecodedPicture, toImageData, type Wanted } from "../raster.ts";
import { decodeBaseline } from "./jpeg/baseline.ts";

/**
 * Most scans of a file. A progressive one has about ten; each costs time for all pixels, however
 * short it is.
 */
const MAX_SCANS = 32;

/**
 * Most pixels of a picture that no scan makes alone, as in progressive files: what is known of them
 * between scans takes 6 bytes a pixel, besides the 8 that every picture takes.
 */
const MAX_SCANNED_PIXELS = 4096 * 3072;

/** Most pixels that a byte of a JPEG file can stand for: a bit a block of 8 × 8, with nothing in it. */
const PIXELS_PER_BYTE = 512;

/** Pixels from which on the memory that the library's decoder took is given back. */
const LARGE = 1 << 22;

/** Markers: the end of a picture, the beginning of a scan and of a segment that may be EXIF's. */
const [END, SCAN, EXIF] = [0xd9, 0xda, 0xe1];

/** Markers of frames whose scans refine the same pixels. */
const PROGRESSIVE = [0xc2, 0xc6, 0xca, 0xce];

/** What the markers say. */
interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Kinds of samples: 1 is grey, 3 a colour, 4 are inks. */
  readonly components: number;
  /** EXIF's, 1 to 8. */
  readonly orientation: number;
  /** How often all pixels are gone through. */
  readonly scans: number;
  /** Whether no scan makes pixels by itself. */
  readonly isInScans: boolean;
}

type Decoder = Awaited<ReturnType<typeof mozjpeg>>;

let decoder: Promise<Decoder> | undefined;
/** What the decoder has said of the picture. Of several complaints it says only the first. */
let complaints: string[] = [];

/**
 * Decodes a JPEG file to a picture held upright. Of a damaged one it gives what can be decoded,
 * filled up. Throws InputError where there is nothing to give.
 */
export async function decodeJpeg(
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
  wanted?: Wanted,
): Promise<DecodedPicture> {
  const header = readHeader(bytes);
  if (header === undefined) {
    throw new InputError(
      `a damaged JPEG file: nothing in its ${
        formatCount(bytes.length)
      } bytes says how large the picture is; ` +
        "get it anew",
    );
  }
  requireModest(header, bytes.length);
  const isUpright = header.orientation === 1;
  const picture = decodeBaseline(bytes, isUpright ? wanted : undefined) ??
    await decodeAny(bytes, header, onDamage);
  return isUpright ? picture : upright(toImageData(picture), header.orientation);
}

/** What a library makes of a file that is not baseline, has rare chroma or is damaged. */
async function decodeAny(
  bytes: Uint8Array<ArrayBuffer>,
  { width, height, components }: JpegHeader,
  onDamage: OnDamage,
): Promise<ImageData> {
  if (components === 4) {
    throw new InputError(
      "a JPEG picture in four inks (CMYK) that is progressive, damaged or of a rare kind; convert it " +
        "to RGB",
    );
  }
  const { decode } = await (decoder ??= newDecoder());
  if (width * height >= LARGE) decoder = undefined;
  complaints = [];
  let picture: ImageData;
  try {
    picture = decode(bytes, false);
    if (!picture) throw new Error("there is no picture in it");
  } catch (error) {
    // It did not clean up after itself; after some dozens it would fail at sound pictures.
    decoder = undefined;
    const reason = complaints[0] ?? messageOf(error);
    throw new InputError(
      `a JPEG picture that cannot be decoded (${reason}); if it is whole, convert it to an RGB ` +
        "PNG or JPEG",
    );
  }
  if (complaints.length > 0) onDamage(`a damaged JPEG file: ${complaints[0]}`);
  return picture;
}

/** Throws InputError for a file of so many bytes that says what cannot be, or would cost too much. */
function requireModest(
  { width, height, scans, isInScans }: JpegHeader,
  length: number,
): void {
  checkPictureSize(width, height);
  const size = `${formatCount(width)} × ${formatCount(height)} pixels`;
  if (width * height > PIXELS_PER_BYTE * length) {
    throw new InputError(
      `a damaged JPEG file: its ${formatCount(length)} bytes cannot hold ${size}; get it anew`,
    );
  }
  if (isInScans && width * height > MAX_SCANNED_PIXELS) {
    const most = formatCount(MAX_SCANNED_PIXELS);
    throw new InputError(
      `a progressive JPEG picture of ${size}; expected at most ${most}; save it smaller or as ` +
        "baseline JPEG, which is not progressive",
    );
  }
  if (scans > MAX_SCANS) {
    throw new InputError(
      `a JPEG file that refines its pixels ${formatCount(scans)} times; expected at most ` +
        `${MAX_SCANS}; save it anew`,
    );
  }
}

/** Where the decoder's WebAssembly is. */
export function jpegDecoderLocation(): URL {
  return new URL(
    import.meta.resolve("npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.wasm"),
  );
}

function newDecoder(): Promise<Decoder> {
  const printErr = (line: string) => void complaints.push(line);
  return mozjpeg({ noInitialRun: true, printErr });
}

/** Reads what is not compressed; undefined if nothing says how large the picture is. */
function readHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Pick<JpegHeader, "width" | "height" | "components"> | undefined;
  let orientation: number | undefined;
  let scans = 0;
  let isInScans = false;
  for (let at = bytes.indexOf(0xff); at >= 0 && at + 10 <= bytes.length;) {
    const marker = bytes[at + 1];
    if (marker === END) break;
    if (!hasLength(marker)) {
      // Nothing or filling: what is compressed goes on, or garbage, or the marker comes.
      at = bytes.indexOf(0xff, at + 1);
      continue;
    }
    const next = at + 2 + view.getUint16(at + 2);
    // In a file that is not progressive, too, the first may leave components to others.
    if (marker === SCAN && scans++ === 0) isInScans ||= bytes[at + 4] !== frame?.components;
    if (isFrame(marker)) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      frame ??= { width, height, components: bytes[at + 9] };
      isInScans ||= PROGRESSIVE.includes(marker);
    }
    if (marker === EXIF && String.fromCharCode(...bytes.subarray(at + 4, at + 10)) === "Exif\0\0") {
      orientation ??= orientationOf(bytes.subarray(at + 10, next));
    }
    at = bytes.indexOf(0xff, next);
  }
  return frame && { ...frame, orientation: orientation ?? 1, scans, isInScans };
}

/** Whether a marker begins a segment, whose length follows. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && marker < 0xff && (marker < 0xd0 || marker > END);
}

/** Whether a marker begins a frame (SOF0 to SOF15): three of its number mean something else. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
