/**
 * Pages of Parquet columns. Hyparquet parses metadata and headers once their structure is known to be
 * valid; runs and Snappy are unpacked here, so that lengths in an untrusted file cannot determine time and
 * memory.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { parquetHeader } from "npm:hyparquet@1.33.0/src/column.js";
import { readPlain } from "npm:hyparquet@1.33.0/src/plain.js";
import type { ColumnMetaData, PageHeader, ParquetType } from "npm:hyparquet@1.33.0";
import { InputError } from "../../errors.ts";
import type { FileWindow } from "../../files/window.ts";
import { unpackSnappy } from "./snappy.ts";
import { thriftEnd } from "./thrift.ts";

/** Most bytes of a page, packed or not. */
const MAX_PAGE_BYTES = 2 ** 28;
/** Most values in a page: those of an ordinary row group fit into one. */
const MAX_VALUES = 2 ** 22;
/** Most bytes of a page's header: its statistics may contain two values. */
const MAX_HEADER_BYTES = 2 ** 20;

/** How a column's values are stored. */
export interface ColumnForm {
  readonly type: ParquetType;
  readonly codec: string;
  /** Length of fixed-length values. */
  readonly typeLength?: number;
  /** The level of a present value; lower ones are missing at some depth. */
  readonly maxDefinition: number;
  /** How many nested lists a value is in. */
  readonly maxRepetition: number;
}

/** A page's header and location. */
interface Page {
  readonly isDictionary: boolean;
  /** Of its header. */
  readonly offset: number;
  /** Of its data, packed. */
  readonly dataOffset: number;
  readonly size: number;
  readonly unpackedSize: number;
  readonly count: number;
  readonly encoding: string;
  /** For a page of version 2: bytes of its levels, which are never compressed. */
  readonly levels?: {
    readonly repetition: number;
    readonly definition: number;
    readonly isPacked: boolean;
  };
}

/** A dictionary of values. */
export type Values = ArrayLike<unknown>;

/** The contents of a page. */
export interface PageValues {
  /** The present values. */
  readonly values: Values;
  /** Definition level of each value, present or not; absent if all are present. */
  readonly definition?: Uint8Array;
  /** Whether each value begins a row (0); absent if all do. */
  readonly repetition?: Uint8Array;
}

/** Runs a parser on untrusted bytes: any error means that they are damaged. */
export function ofSound<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    throw new InputError(`it is damaged (${error.message}); get a new copy`, { cause: error });
  }
}

/** The pages of a column in a row group. Throws InputError, which names no file, if they are impossible. */
export function* pagesOf(file: FileWindow, column: ColumnMetaData): Generator<Page> {
  const first = Number(column.data_page_offset);
  const dictionary = Number(column.dictionary_page_offset ?? 0);
  let at = dictionary > 0 && dictionary < first ? dictionary : first;
  const end = at + Number(column.total_compressed_size);
  if (!(at >= 4) || !(end <= file.size)) throw damaged("a column outside the file");
  while (at < end) {
    const page = pageAt(file, at);
    at = page.dataOffset + page.size;
    if (at > end) throw damaged("a page that ends after its column");
    yield page;
  }
}

/** The page whose header is at an offset. */
export function pageAt(file: FileWindow, offset: number): Page {
  const { header, length } = headerAt(file, offset);
  const { type, data_page_header: one, data_page_header_v2: two } = header;
  const dictionary = header.dictionary_page_header;
  const about = { DATA_PAGE: one, DATA_PAGE_V2: two, DICTIONARY_PAGE: dictionary }[type as string];
  if (!about?.encoding) throw damaged(`a page of the kind ${type}`);
  const page = {
    isDictionary: dictionary === about,
    offset,
    dataOffset: offset + length,
    size: header.compressed_page_size,
    unpackedSize: header.uncompressed_page_size,
    count: about.num_values,
    encoding: about.encoding,
    ...(about === two
      ? {
        levels: {
          repetition: two!.repetition_levels_byte_length,
          definition: two!.definition_levels_byte_length,
          isPacked: two!.is_compressed !== false,
        },
      }
      : {}),
  };
  const { size, unpackedSize, count, levels } = page;
  const [repetition, definition] = [levels?.repetition ?? 0, levels?.definition ?? 0];
  const isSane =
    [size, unpackedSize, count, repetition, definition].every((number) =>
      Number.isInteger(number) && number >= 0 && number <= MAX_PAGE_BYTES
    ) && count <= MAX_VALUES && repetition + definition <= Math.min(size, unpackedSize);
  if (!isSane || page.dataOffset + size > file.size) throw damaged("a page of impossible size");
  return page;
}

function headerAt(file: FileWindow, offset: number): { header: PageHeader; length: number } {
  for (let most = 2 ** 12; most <= MAX_HEADER_BYTES; most *= 16) {
    const bytes = file.at(offset, most);
    const length = thriftEnd(bytes);
    if (length !== undefined) {
      return { header: ofSound(() => parquetHeader(readerOf(bytes))), length };
    }
    if (bytes.length < most) break;
  }
  throw damaged("the header of a page");
}

/**
 * The contents of a page. Throws InputError, which names no file, if it is damaged or its encoding is not
 * supported.
 *
 * @param bytes the page's data as stored
 */
export function unpackPage(
  page: Page,
  bytes: Uint8Array<ArrayBuffer>,
  form: ColumnForm,
  dictionary?: Values,
): PageValues {
  if (bytes.length < page.size) throw damaged("a truncated page");
  return ofSound(() => {
    const { levels, unpackedSize, count } = page;
    const repetition = new Levels(count, form.maxRepetition);
    const definition = new Levels(count, form.maxDefinition);
    let data: Uint8Array<ArrayBuffer>;
    if (page.isDictionary) {
      data = unpacked(bytes, unpackedSize, form.codec);
      return { values: readPlain(readerOf(data), form.type, count, form.typeLength) };
    }
    if (levels) {
      repetition.read(bytes.subarray(0, levels.repetition));
      const ahead = levels.repetition + levels.definition;
      definition.read(bytes.subarray(levels.repetition, ahead));
      const rest = bytes.subarray(ahead);
      data = levels.isPacked ? unpacked(rest, unpackedSize - ahead, form.codec) : rest;
    } else {
      data = unpacked(bytes, unpackedSize, form.codec);
      for (const level of [repetition, definition]) {
        if (!level.found) continue;
        const length = readerOf(data).view.getUint32(0, true);
        level.read(data.subarray(4, 4 + length));
        data = data.subarray(4 + length);
      }
    }
    const there = definition.countOf(form.maxDefinition);
    return {
      values: valuesOf(data, there, page.encoding, form, dictionary),
      ...(definition.found && there < count ? { definition: definition.found } : {}),
      ...(repetition.found ? { repetition: repetition.found } : {}),
    };
  });
}

/** Definition levels. */
class Levels {
  /** Absent if only the highest level occurs. */
  readonly found?: Uint8Array;

  constructor(private readonly count: number, private readonly most: number) {
    if (most > 0) this.found = new Uint8Array(count);
  }

  read(bytes: Uint8Array): void {
    if (this.found) unpackRuns(bytes, 32 - Math.clz32(this.most), this.found);
  }

  countOf(level: number): number {
    return this.found
      ? this.found.reduce((sum, one) => sum + Number(one === level), 0)
      : this.count;
  }
}

function valuesOf(
  data: Uint8Array<ArrayBuffer>,
  count: number,
  encoding: string,
  { type, typeLength }: ColumnForm,
  dictionary: Values | undefined,
): Values {
  switch (encoding) {
    case "PLAIN":
      return readPlain(readerOf(data), type, count, typeLength);
    case "PLAIN_DICTIONARY":
    case "RLE_DICTIONARY": {
      if (!dictionary) throw damaged("references to a missing dictionary");
      const numbers = new Uint32Array(count);
      if (count > 0) unpackRuns(data.subarray(1), data[0], numbers);
      return Array.from(numbers, (number) => dictionary[number]);
    }
  }
  throw new InputError(
    `its values are stored as ${encoding}, which is not supported; write it with pyarrow's default settings`,
  );
}

/** Integers of `width` bits: runs of one value, and packed groups of eight values. */
function unpackRuns(bytes: Uint8Array, width: number, into: Uint8Array | Uint32Array): void {
  if (!(width <= 32)) throw damaged(`numbers of ${width} bits`);
  let [at, done] = [0, 0];
  const next = () => {
    if (at === bytes.length) throw damaged("too few numbers");
    return bytes[at++];
  };
  while (done < into.length) {
    let header = 0;
    for (let shift = 0;; shift += 7) {
      const byte = next();
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isRun = header % 2 === 0;
    const count = Math.min(into.length - done, Math.floor(header / 2) * (isRun ? 1 : 8));
    if (isRun) {
      let value = 0;
      for (let i = 0; i < width; i += 8) value += next() * 2 ** i;
      into.fill(value, done, done + count);
    } else {
      let [bits, held] = [0, 0];
      const mask = 2 ** width;
      for (let i = 0; i < count; i++) {
        while (held < width) {
          bits += next() * 2 ** held;
          held += 8;
        }
        into[done + i] = bits % mask;
        bits = Math.floor(bits / mask);
        held -= width;
      }
    }
    done += count;
  }
}

function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  codec: string,
): Uint8Array<ArrayBuffer> {
  const options = { maxOutputLength: Math.max(1, size) };
  const own = (result: Uint8Array) =>
    new Uint8Array(result.buffer as ArrayBuffer, result.byteOffset, result.length);
  const unpack = (): Uint8Array<ArrayBuffer> => {
    switch (codec) {
      case "UNCOMPRESSED":
        return bytes;
      case "SNAPPY":
        return unpackSnappy(bytes, size);
      case "GZIP":
        return own(gunzipSync(bytes, options));
      case "BROTLI":
        return own(brotliDecompressSync(bytes, options));
      case "ZSTD":
        return own(zstdDecompressSync(bytes, options));
    }
    throw new InputError(
      `it is compressed with ${codec}, which is not supported; write it with snappy`,
    );
  };
  const result = unpack();
  if (result.length === size) return result;
  throw damaged(`a page of ${result.length} bytes that should have ${size}`);
}

function readerOf(bytes: Uint8Array<ArrayBuffer>): { view: DataView<ArrayBuffer>; offset: number } {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
}

function damaged(what: string): InputError {
  return new InputError(`it is damaged: ${what}; get a new copy`);
}
