/** Parses the headers of a TIFF file's first image and locates the image's parts. */
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { MAX_PIXELS } from "../raster.ts";
import { cutOff, ruined, unknownKind } from "./damage.ts";

/** The tags used. */
const TAG = {
  width: 256,
  height: 257,
  depth: 258,
  compression: 259,
  meaning: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  stripRows: 278,
  stripLengths: 279,
  planes: 284,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileLengths: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
} as const;

/** Bytes per value of the integer types: BYTE, SHORT, LONG and UNDEFINED. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 7: 1 };

/** Compressions by TIFF's numbers. */
export const COMPRESSION = {
  none: 1,
  group4: 4,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  oldDeflate: 32946,
} as const;

/** Meanings of samples (photometric interpretations) by TIFF's numbers. */
export const MEANING = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  palette: 3,
  inks: 5,
  yCbCr: 6,
} as const;

/** Colour samples per pixel, by meaning; YCbCr is supported only with JPEG. */
const COLOURS: Readonly<Record<number, number>> = {
  [MEANING.whiteIsZero]: 1,
  [MEANING.blackIsZero]: 1,
  [MEANING.rgb]: 3,
  [MEANING.palette]: 1,
  [MEANING.inks]: 4,
  [MEANING.yCbCr]: 3,
};

/** Bits per sample allowed for each meaning. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  [MEANING.whiteIsZero]: [1, 2, 4, 8, 16],
  [MEANING.blackIsZero]: [1, 2, 4, 8, 16],
  [MEANING.rgb]: [8, 16],
  [MEANING.palette]: [1, 2, 4, 8],
  [MEANING.inks]: [8, 16],
  [MEANING.yCbCr]: [8],
};

/** Part of an image: a strip or a tile. */
export interface Segment {
  readonly left: number;
  readonly top: number;
  /** Stored columns and rows; a tile's may reach beyond the image. */
  readonly width: number;
  readonly height: number;
  /** Its stored bytes, for each plane. */
  readonly packed: readonly Uint8Array<ArrayBuffer>[];
}

/** The headers of a TIFF file's first image. */
export interface TiffLayout {
  readonly width: number;
  readonly height: number;
  readonly isLittle: boolean;
  /** Bits per sample. */
  readonly depth: number;
  /** One of {@link COMPRESSION}. */
  readonly compression: number;
  /** One of {@link MEANING}. */
  readonly meaning: number;
  /** Samples per pixel, the colour's first. */
  readonly samples: number;
  readonly colours: number;
  /** The meaning of the first sample after the colour: 0 unknown, 1 premultiplied alpha, 2 alpha. */
  readonly extra: number;
  /** Whether samples are stored as differences from those to the left. */
  readonly isDifferences: boolean;
  /** Whether the bits of each byte are reversed. */
  readonly isReversed: boolean;
  /** 16-bit red values of all colours, then green, then blue. */
  readonly palette: readonly number[];
  readonly jpegTables: Uint8Array;
  /** EXIF's, 1 to 8. */
  readonly orientation: number;
  readonly segments: Iterable<Segment>;
}

/** Reads the first directory. Throws InputError for an unsupported or malformed image. */
export function readTiffLayout(bytes: Uint8Array<ArrayBuffer>, onCut: OnDamage): TiffLayout {
  const directory = new Directory(bytes);
  const width = directory.number(TAG.width, 0);
  const height = directory.number(TAG.height, 0);
  checkPictureSize(width, height);
  const samples = directory.number(TAG.samples, 1);
  const depth = directory.number(TAG.depth, 1);
  const compression = directory.number(TAG.compression, COMPRESSION.none);
  const meaning = directory.number(TAG.meaning, MEANING.whiteIsZero);
  const isPlanar = directory.number(TAG.planes, 1) === 2;
  const predictor = directory.number(TAG.predictor, 1);
  const colours = COLOURS[meaning];
  const isJpeg = compression === COMPRESSION.jpeg;
  const kinds: readonly (readonly [isKnown: boolean, what: string])[] = [
    [Object.values<number>(COMPRESSION).includes(compression), `compression ${compression}`],
    [colours !== undefined, `colours of kind ${meaning}`],
    [DEPTHS[meaning]?.includes(depth), `${depth} bits`],
    [meaning !== MEANING.yCbCr || isJpeg, "YCbCr without JPEG"],
    [samples >= colours && samples <= 8, `${samples} samples`],
    [samples === 1 || depth >= 8, `${samples} samples of ${depth} bits`],
    [predictor === 1 || predictor === 2 && depth >= 8, `predictor ${predictor}`],
    [directory.number(TAG.sampleFormat, 1) === 1, "samples that are not integers"],
    [!isJpeg || !isPlanar && depth === 8, "JPEG in planes"],
    [compression !== COMPRESSION.group4 || depth === 1, `fax of ${depth} bits`],
  ];
  const strange = kinds.find(([isKnown]) => !isKnown);
  if (strange) throw unknownKind("TIFF", strange[1]);
  return {
    width,
    height,
    isLittle: directory.isLittle,
    depth,
    compression,
    meaning,
    samples,
    colours,
    extra: directory.number(TAG.extraSamples, 0),
    isDifferences: predictor === 2,
    isReversed: directory.number(TAG.fillOrder, 1) === 2,
    palette: directory.numbers(TAG.palette, 3 << depth),
    jpegTables: directory.bytes(TAG.jpegTables),
    orientation: directory.number(TAG.orientation, 1),
    segments: segmentsOf(bytes, directory, isPlanar ? samples : 1, { width, height }, onCut),
  };
}

/** The first directory's entries. */
class Directory {
  readonly isLittle: boolean;
  readonly #view: DataView;
  readonly #entries = new Map<number, number>();

  constructor(private readonly file: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.isLittle = file[0] === 0x49;
    if (file.length < 8) throw ruined("TIFF", cutOff(file));
    const start = this.#view.getUint32(4, this.isLittle);
    const count = start + 2 <= file.length ? this.#view.getUint16(start, this.isLittle) : 0;
    if (count === 0 || start + 2 + 12 * count > file.length) throw ruined("TIFF", cutOff(file));
    for (let i = 0; i < count; i++) {
      const at = start + 2 + 12 * i;
      const tag = this.#view.getUint16(at, this.isLittle);
      if (!this.#entries.has(tag)) this.#entries.set(tag, at);
    }
  }

  /** The bytes of a tag's values, as far as the file contains them, and their type. */
  #find(tag: number): { type: number; content: Uint8Array<ArrayBuffer> } {
    const at = this.#entries.get(tag);
    const type = at === undefined ? 0 : this.#view.getUint16(at + 2, this.isLittle);
    const bytes = VALUE_BYTES[type];
    if (at === undefined || bytes === undefined) return { type, content: new Uint8Array() };
    const length = bytes * this.#view.getUint32(at + 4, this.isLittle);
    const start = length <= 4 ? at + 8 : this.#view.getUint32(at + 8, this.isLittle);
    return { type, content: this.file.subarray(start, start + length) };
  }

  bytes(tag: number): Uint8Array<ArrayBuffer> {
    return this.#find(tag).content;
  }

  /** The first values of a tag, at most `most`. */
  numbers(tag: number, most: number): number[] {
    const { type, content } = this.#find(tag);
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const step = VALUE_BYTES[type] ?? 1;
    return Array.from(
      { length: Math.min(most, Math.floor(content.length / step)) },
      (_, i) =>
        step === 1
          ? view.getUint8(i)
          : step === 2
          ? view.getUint16(2 * i, this.isLittle)
          : view.getUint32(4 * i, this.isLittle),
    );
  }

  number(tag: number, otherwise: number): number {
    return this.numbers(tag, 1)[0] ?? otherwise;
  }
}

/** The strips or tiles of an image. */
function* segmentsOf(
  bytes: Uint8Array<ArrayBuffer>,
  directory: Directory,
  planes: number,
  picture: { readonly width: number; readonly height: number },
  onCut: OnDamage,
): Generator<Segment, void, void> {
  const tileWidth = directory.number(TAG.tileWidth, 0);
  const isTiled = tileWidth > 0;
  const width = isTiled ? tileWidth : picture.width;
  const height = isTiled
    ? directory.number(TAG.tileHeight, 0)
    : Math.min(picture.height, directory.number(TAG.stripRows, picture.height));
  if (height === 0) throw unknownKind("TIFF", "parts without rows");
  const across = Math.ceil(picture.width / width);
  const down = Math.ceil(picture.height / height);
  const count = across * down;
  if (count * width * height > MAX_PIXELS) throw unknownKind("TIFF", `tiles of ${width}x${height}`);
  const offsets = directory.numbers(isTiled ? TAG.tileOffsets : TAG.stripOffsets, count * planes);
  const lengths = directory.numbers(isTiled ? TAG.tileLengths : TAG.stripLengths, count * planes);
  for (let i = 0; i < count; i++) {
    const top = Math.floor(i / across) * height;
    const packed = Array.from({ length: planes }, (_, plane) => {
      const place = plane * count + i;
      const start = offsets[place] ?? bytes.length;
      const end = start + (lengths[place] ?? bytes.length);
      if (start >= bytes.length || lengths[place] !== undefined && end > bytes.length) {
        onCut(cutOff(bytes));
      }
      return bytes.subarray(start, end);
    });
    yield {
      left: (i % across) * width,
      top,
      width,
      height: isTiled ? height : Math.min(height, picture.height - top),
      packed,
    };
  }
}
