/**
 * Serves the findings about each image as if they were images: so the workers that decode images examine
 * them, many at once and in bounded memory.
 */
import { createHash } from "node:crypto";
import { InputError } from "../../errors.ts";
import type { Colour } from "../../files/pixels.ts";
import { fit } from "../../files/pixels.ts";
import type { Raster } from "../../files/raster.ts";
import type { ImageSource, SourceHandle, TargetColumn } from "../image_source.ts";
import type { PictureSource } from "../picture_source.ts";
import { loadReader, type PictureReader } from "./load_reader.ts";
import { PICTURES_AT_ONCE, Turns } from "./turns.ts";

/** Findings about an image. */
export interface Finding {
  /** Why it cannot be read; the other numbers are then 0, except `bytes` and `digest` of a file. */
  readonly broken?: string;
  readonly width: number;
  readonly height: number;
  /** Size of its file. */
  readonly bytes: number;
  /** Digest of the file's contents, 16 bytes. */
  readonly digest: Uint8Array;
  /** Whether it has transparent pixels. */
  readonly isTransparent: boolean;
  /** The image, cropped and scaled, if requested. */
  readonly thumbnail?: Raster;
}

/** What {@link ExaminedPictures} produce. */
interface Examination {
  /** 1 for each image that needs a thumbnail. */
  readonly shown: Uint8Array<SharedArrayBuffer>;
  /** Side of a thumbnail. */
  readonly side: number;
  /** Its background for transparent pixels. */
  readonly ground: Colour;
}

/** How a worker opens {@link ExaminedPictures}. */
export interface ExaminedHandle extends SourceHandle, Examination {
  readonly kind: "examined";
  readonly pictures: SourceHandle;
}

/** Offset of each number in a record; the reason follows, then the thumbnail. */
const AT = {
  broken: 0,
  transparent: 1,
  reasonLength: 2,
  width: 4,
  height: 8,
  bytes: 12,
  digest: 20,
};
/** Bytes of {@link Finding.digest}. */
export const DIGEST_BYTES = 16;
const REASON = AT.digest + DIGEST_BYTES;
const REASON_BYTES = 476;
const THUMBNAIL = REASON + REASON_BYTES;
const CHANNELS = 3;

/** Images as records of findings. */
export class ExaminedPictures implements ImageSource {
  readonly count: number;
  readonly shape: ImageSource["shape"];
  readonly targets: Readonly<Record<string, TargetColumn>>;
  readonly reads?: readonly string[];
  readonly #turns = new Turns(PICTURES_AT_ONCE);
  #reader: Promise<PictureReader> | undefined;

  /** @param pictures a source with `fileOf` and `nameOf` */
  constructor(
    private readonly pictures: PictureSource,
    private readonly examination: Examination,
  ) {
    this.count = pictures.count;
    this.shape = { height: 1, width: THUMBNAIL + CHANNELS * examination.side ** 2, channels: 1 };
    this.targets = pictures.targets;
    if (pictures.reads) this.reads = pictures.reads;
  }

  async read(index: number, _epoch: number, into: Uint8Array): Promise<void> {
    await this.#turns.take(async () => writeFinding(await this.#find(index), into));
  }

  slice(from: number, to: number): ExaminedPictures {
    const { pictures, examination } = this;
    const shown = examination.shown.subarray(from, to);
    return new ExaminedPictures(pictures.slice(from, to), { ...examination, shown });
  }

  get handle(): ExaminedHandle | undefined {
    const { pictures: { handle }, examination } = this;
    return handle && { kind: "examined", pictures: handle, ...examination };
  }

  async #find(index: number): Promise<Finding> {
    const { pictures, examination: { shown, side, ground } } = this;
    const name = pictures.nameOf!(index);
    let found = {
      width: 0,
      height: 0,
      bytes: 0,
      digest: new Uint8Array(DIGEST_BYTES),
      isTransparent: false,
    };
    try {
      const file = await pictures.fileOf!(index);
      const digest = createHash("sha256").update(file).digest().subarray(0, DIGEST_BYTES);
      found = { ...found, bytes: file.length, digest: new Uint8Array(digest) };
      const { decodePictureFile } = await (this.#reader ??= loadReader());
      const { raster, isOnGround } = await decodePictureFile(name, file, CHANNELS, { ground });
      const { width, height } = raster;
      const thumbnail = shown[index] ? fit(raster, { width: side, height: side }) : undefined;
      return { ...found, width, height, isTransparent: isOnGround, thumbnail };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { ...found, broken: error.message.replace(`${name}: `, "") };
    }
  }
}

function writeFinding(finding: Finding, into: Uint8Array): void {
  const { broken, width, height, bytes, digest, isTransparent, thumbnail } = finding;
  const view = new DataView(into.buffer, into.byteOffset);
  into.fill(0);
  into[AT.broken] = Number(broken !== undefined);
  into[AT.transparent] = Number(isTransparent);
  view.setUint32(AT.width, width);
  view.setUint32(AT.height, height);
  view.setFloat64(AT.bytes, bytes);
  into.set(digest, AT.digest);
  // Text cannot be encoded into shared memory.
  const reason = new Uint8Array(REASON_BYTES);
  view.setUint16(AT.reasonLength, new TextEncoder().encodeInto(broken ?? "", reason).written);
  into.set(reason, REASON);
  if (thumbnail) into.set(thumbnail.data, THUMBNAIL);
}

/**
 * Parses a record written by {@link ExaminedPictures}.
 *
 * @param side of the thumbnail; 0 for none
 */
export function readFinding(record: Uint8Array, side: number): Finding {
  const view = new DataView(record.buffer, record.byteOffset);
  const end = REASON + view.getUint16(AT.reasonLength);
  const isBroken = record[AT.broken] !== 0;
  const data = record.slice(THUMBNAIL, THUMBNAIL + CHANNELS * side ** 2);
  return {
    ...(isBroken ? { broken: new TextDecoder().decode(record.slice(REASON, end)) } : {}),
    width: view.getUint32(AT.width),
    height: view.getUint32(AT.height),
    bytes: view.getFloat64(AT.bytes),
    digest: record.slice(AT.digest, AT.digest + DIGEST_BYTES),
    isTransparent: record[AT.transparent] !== 0,
    ...(isBroken || side === 0
      ? {}
      : { thumbnail: { height: side, width: side, channels: CHANNELS, data } }),
  };
}
