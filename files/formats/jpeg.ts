/** Decodes JPEG files. */
import mozjpeg from "npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.js";
import { InputError, messageOf } from "../../errors.ts";
import { formatCount } from "../../reporting/format.ts";
import { orientationOf, upright } from "../orientation.ts";
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { type DecodedPicture, toImageData, type Wanted } from "../raster.ts";
import { decodeBaseline } from "./jpeg/baseline.ts";

/**
 * Most scans in a file. A progressive one has about ten; each costs time for all pixels, however short
 * it is.
 */
const MAX_SCANS = 32;

/**
 * Most pixels of an image that several scans refine, as in progressive files: between scans, decoding
 * keeps 6 bytes per pixel in addition to the 8 for every image.
 */
const MAX_SCANNED_PIXELS = 4096 * 3072;

/** Most pixels per byte of a JPEG file: one bit for an empty block of 8 × 8. */
const PIXELS_PER_BYTE = 512;

/** Number of pixels above which the library decoder's memory is released. */
const LARGE = 1 << 22;

/** Markers: the end of an image, the start of a scan and of a segment that may contain EXIF. */
const [END, SCAN, EXIF] = [0xd9, 0xda, 0xe1];

/** Markers of frames in which scans refine the same pixels. */
const PROGRESSIVE = [0xc2, 0xc6, 0xca, 0xce];

/** The headers' information. */
interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Components: 1 is grey, 3 are colours, 4 are inks. */
  readonly components: number;
  /** EXIF's orientation, 1 to 8. */
  readonly orientation: number;
  /** Number of passes over all pixels. */
  readonly scans: number;
  /** Whether several scans are needed for any pixels. */
  readonly isInScans: boolean;
}

type Decoder = Awaited<ReturnType<typeof mozjpeg>>;

let decoder: Promise<Decoder> | undefined;
/** The library decoder's complaints. Of several it reports only the first. */
let complaints: string[] = [];

/**
 * Decodes a JPEG file to an upright image. A damaged file is decoded as far as possible and padded.
 * Throws InputError if nothing can be decoded.
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
      } bytes gives the image's size; ` +
        "get a new copy",
    );
  }
  requireModest(header, bytes.length);
  const isUpright = header.orientation === 1;
  const picture = decodeBaseline(bytes, isUpright ? wanted : undefined) ??
    await decodeAny(bytes, header, onDamage);
  return isUpright ? picture : upright(toImageData(picture), header.orientation);
}

/** Decodes with a library a file that is not baseline, has rare chroma or is damaged. */
async function decodeAny(
  bytes: Uint8Array<ArrayBuffer>,
  { width, height, components }: JpegHeader,
  onDamage: OnDamage,
): Promise<ImageData> {
  if (components === 4) {
    throw new InputError(
      "a JPEG image in four inks (CMYK) that is progressive, damaged or of a rare kind; convert it " +
        "to RGB",
    );
  }
  const { decode } = await (decoder ??= newDecoder());
  if (width * height >= LARGE) decoder = undefined;
  complaints = [];
  let picture: ImageData;
  try {
    picture = decode(bytes, false);
    if (!picture) throw new Error("it contains no image");
  } catch (error) {
    // The library leaks memory on errors; after several dozen it would fail on valid images.
    decoder = undefined;
    const reason = complaints[0] ?? messageOf(error);
    throw new InputError(
      `a JPEG image that cannot be decoded (${reason}); if the file is intact, convert it to an RGB ` +
        "PNG or JPEG",
    );
  }
  if (complaints.length > 0) onDamage(`a damaged JPEG file: ${complaints[0]}`);
  return picture;
}

/** Throws InputError for a file of `length` bytes whose headers are impossible or cost too much. */
function requireModest(
  { width, height, scans, isInScans }: JpegHeader,
  length: number,
): void {
  checkPictureSize(width, height);
  const size = `${formatCount(width)} × ${formatCount(height)} pixels`;
  if (width * height > PIXELS_PER_BYTE * length) {
    throw new InputError(
      `a damaged JPEG file: its ${formatCount(length)} bytes cannot hold ${size}; get a new copy`,
    );
  }
  if (isInScans && width * height > MAX_SCANNED_PIXELS) {
    const most = formatCount(MAX_SCANNED_PIXELS);
    throw new InputError(
      `a progressive JPEG image of ${size}; expected at most ${most}; make it smaller or save it as ` +
        "baseline JPEG, which is not progressive",
    );
  }
  if (scans > MAX_SCANS) {
    throw new InputError(
      `a JPEG file that refines its pixels ${formatCount(scans)} times; expected at most ` +
        `${MAX_SCANS}; save it again`,
    );
  }
}

/** Location of the decoder's WebAssembly. */
export function jpegDecoderLocation(): URL {
  return new URL(
    import.meta.resolve("npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.wasm"),
  );
}

function newDecoder(): Promise<Decoder> {
  const printErr = (line: string) => void complaints.push(line);
  return mozjpeg({ noInitialRun: true, printErr });
}

/** Parses the headers; undefined if no frame gives the image's size. */
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
      // Compressed data, padding or garbage before the next marker.
      at = bytes.indexOf(0xff, at + 1);
      continue;
    }
    const next = at + 2 + view.getUint16(at + 2);
    // Even in a file that is not progressive, the first scan may omit components.
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

/** Whether a marker starts a segment with a length. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && marker < 0xff && (marker < 0xd0 || marker > END);
}

/** Whether a marker starts a frame (SOF0 to SOF15, except three with other meanings). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
