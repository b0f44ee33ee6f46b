/** Decodes TIFF files: the first page. */
import { upright } from "../orientation.ts";
import type { OnDamage } from "../pixels.ts";
import { MAX_PIXELS, toImageData } from "../raster.ts";
import { BROKEN, damageOf, ruined, TOO_FEW, unknownKind } from "./damage.ts";
import { multiplied } from "./inks.ts";
import { decodeJpeg } from "./jpeg.ts";
import {
  COMPRESSION,
  MEANING,
  readTiffLayout,
  type Segment,
  type TiffLayout,
} from "./tiff_directory.ts";
import { unpackSegment } from "./tiff_unpack.ts";

/**
 * Decodes the first page of a TIFF file to an upright image; 16-bit samples lose their lower 8 bits. A
 * damaged file is decoded as far as possible, with zeros for the rest. Throws InputError if nothing can be
 * decoded, and for unsupported kinds.
 */
export async function decodeTiff(
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
): Promise<ImageData> {
  let damage: string | undefined;
  const tell = (found: string) => {
    if (damage === undefined) onDamage(damageOf("TIFF", found));
    damage ??= found;
  };
  const layout = readTiffLayout(bytes, tell);
  let picture: ImageData | undefined;
  for (const segment of layout.segments) {
    const parts = layout.compression === COMPRESSION.jpeg
      ? await decodeJpegPart(segment, layout, tell)
      : await unpackPart(segment, layout, tell);
    if (!parts) continue;
    picture ??= new ImageData(layout.width, layout.height);
    parts(picture);
  }
  if (!picture) throw ruined("TIFF", damage ?? "it contains no pixels");
  const { orientation } = layout;
  return orientation >= 1 && orientation <= 8 ? upright(picture, orientation) : picture;
}

/** Most bytes of an unpacked part. */
const MAX_BYTES = 4 * MAX_PIXELS;

/** Most bytes that LZW makes of one; with faxes, whose rows can be one bit each, no part is large. */
const MAX_EXPANSION = 4096 * 8 / 12;

function mostOf({ compression }: TiffLayout, { length }: Uint8Array): number {
  return compression === COMPRESSION.group4 ? MAX_BYTES : MAX_EXPANSION * length;
}

/** Paints a part of an image. */
type Paint = (picture: ImageData) => void;

/** Unpacks a segment; undefined if nothing of it can be decoded. */
async function unpackPart(
  segment: Segment,
  layout: TiffLayout,
  onDamage: OnDamage,
): Promise<Paint | undefined> {
  const { samples, depth } = layout;
  const perPlane = samples / segment.packed.length;
  const stride = Math.ceil(segment.width * perPlane * depth / 8);
  const length = stride * segment.height;
  if (length > MAX_BYTES) throw unknownKind("TIFF", "parts that are too large");
  const planes: Uint8Array[] = [];
  let [rows, isBroken] = [segment.height, false];
  for (const packed of segment.packed) {
    if (length > mostOf(layout, packed)) return void onDamage(TOO_FEW);
    const plane = new Uint8Array(length);
    const filled = await unpackSegment(packed, plane, segment, layout, onDamage);
    rows = Math.min(rows, Math.floor(filled / stride));
    isBroken ||= filled < plane.length;
    if (layout.isDifferences) {
      for (let row = 0; row < segment.height; row++) {
        addUp(plane.subarray(row * stride, (row + 1) * stride), perPlane, layout);
      }
    }
    planes.push(plane);
  }
  if (isBroken) onDamage(BROKEN);
  if (rows === 0) return undefined;
  return (picture) => paint(picture, { ...segment, height: rows }, planes, layout);
}

/** Replaces differences from the sample to the left by samples, in place. */
function addUp(line: Uint8Array, step: number, { depth, isLittle }: TiffLayout): void {
  if (depth === 8) {
    for (let i = step; i < line.length; i++) line[i] += line[i - step];
    return;
  }
  const view = new DataView(line.buffer, line.byteOffset, line.byteLength);
  for (let at = 2 * step; at < line.length; at += 2) {
    const sample = view.getUint16(at, isLittle) + view.getUint16(at - 2 * step, isLittle);
    view.setUint16(at, sample, isLittle);
  }
}

function paint(
  picture: ImageData,
  { left, top, width, height }: Omit<Segment, "packed">,
  planes: readonly Uint8Array[],
  layout: TiffLayout,
): void {
  const { samples, colours, depth, meaning, palette, extra, isLittle } = layout;
  const isChunky = planes.length === 1;
  const perPlane = isChunky ? samples : 1;
  const stride = Math.ceil(width * perPlane * depth / 8);
  const most = (1 << Math.min(8, depth)) - 1;
  const [bytes, high] = [depth >> 3, depth === 16 && isLittle ? 1 : 0];
  /** A sample; of 16 bits, the upper 8. */
  const sampleOf = (row: number, x: number, sample: number): number => {
    const plane = isChunky ? planes[0] : planes[sample];
    const i = isChunky ? x * samples + sample : x;
    if (depth >= 8) return plane[row * stride + i * bytes + high];
    return plane[row * stride + (i * depth >> 3)] >> (8 - depth - (i * depth & 7)) & most;
  };
  const { data } = picture;
  const columns = Math.min(width, picture.width - left);
  const rows = Math.min(height, picture.height - top);
  for (let row = 0; row < rows; row++) {
    let to = 4 * ((top + row) * picture.width + left);
    for (let x = 0; x < columns; x++, to += 4) {
      const first = sampleOf(row, x, 0);
      for (let c = 0; c < 3; c++) {
        data[to + c] = meaning === MEANING.palette
          ? palette[c * (most + 1) + first] >> 8
          : meaning === MEANING.rgb
          ? sampleOf(row, x, c)
          : meaning === MEANING.inks
          ? multiplied(255 - sampleOf(row, x, c), 255 - sampleOf(row, x, 3))
          : (meaning === MEANING.whiteIsZero ? most - first : first) * 255 / most;
      }
      const alpha = extra === 0 || samples === colours ? 255 : sampleOf(row, x, colours);
      data[to + 3] = alpha;
      if (extra !== 1 || alpha === 0 || alpha === 255) continue;
      for (let c = 0; c < 3; c++) data[to + c] = Math.floor(255 * data[to + c] / alpha);
    }
  }
}

/** Like {@link unpackPart}, for a segment that is a JPEG file without its shared tables. */
async function decodeJpegPart(
  { packed: [packed], left, top, width, height }: Segment,
  { jpegTables, meaning }: TiffLayout,
  onDamage: OnDamage,
): Promise<Paint | undefined> {
  if (packed.length < 4) return undefined;
  const transform = meaning === MEANING.yCbCr ? 1 : 0;
  const colours = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform];
  // Everything except the start and end markers.
  const tables = jpegTables.subarray(2, -2);
  const file = new Uint8Array(2 + colours.length + tables.length + packed.length - 2);
  file.set(packed.subarray(0, 2));
  file.set(colours, 2);
  file.set(tables, 2 + colours.length);
  file.set(packed.subarray(2), 2 + colours.length + tables.length);
  const part = toImageData(await decodeJpeg(file, onDamage));
  if (part.width < width || part.height < height) {
    throw ruined("TIFF", "its parts have other sizes than its header states");
  }
  return (picture) => {
    const stride = 4 * Math.min(width, picture.width - left);
    for (let row = 0; row < Math.min(height, picture.height - top); row++) {
      picture.data.set(
        part.data.subarray(4 * row * part.width, 4 * row * part.width + stride),
        4 * ((top + row) * picture.width + left),
      );
    }
  };
}
