/** Reads images from Parquet files. */
import { InputError } from "../../errors.ts";
import { FileWindow, partOf } from "../../files/window.ts";
import { type ColumnForm, pageAt, type PageValues, unpackPage } from "../shards/parquet_pages.ts";
import type { ParquetForm, ParquetPlaces, RowReader } from "./parquet_rows.ts";

/** Bytes of unpacked pages kept for the next images, which may be in one of them. */
const KEPT_BYTES = 2 ** 25;

/** A kept page. */
interface Kept extends PageValues {
  readonly bytes: number;
}

/** Reads one image after another. */
export class ParquetReader implements RowReader {
  /** By file and offset, least recently used first. */
  readonly #pages = new Map<string, Kept>();
  #bytes = 0;

  /**
   * The bytes of an image's file. Throws InputError, which names no file, for a row without an image and for
   * damage, and the system's errors.
   */
  read(
    path: string,
    { codec, maxDefinition }: ParquetForm,
    { page, row, dictionary }: ParquetPlaces<number>,
  ): Uint8Array<ArrayBuffer> {
    const form: ColumnForm = { type: "BYTE_ARRAY", codec, maxDefinition, maxRepetition: 0 };
    const { values, definition } = this.#page(path, page, form, dictionary);
    if (definition && definition[row] !== maxDefinition) {
      throw new InputError("the row contains no image, only its path or nothing");
    }
    const place = definition ? countOf(definition.subarray(0, row), maxDefinition) : row;
    const value = values[place];
    if (value instanceof Uint8Array) return new Uint8Array(value);
    throw new InputError("it is damaged: a row without bytes; get a new copy");
  }

  #page(path: string, offset: number, form: ColumnForm, dictionary: number): PageValues {
    const key = `${offset} ${path}`;
    let kept = this.#pages.get(key);
    if (kept) {
      this.#pages.delete(key);
    } else {
      using file = new FileWindow(path);
      const page = pageAt(file, offset);
      const bytes = partOf(path, page.dataOffset, page.size);
      const refersTo = dictionary > 0 && page.encoding.endsWith("_DICTIONARY")
        ? this.#page(path, dictionary, form, 0).values
        : undefined;
      kept = { ...unpackPage(page, bytes, form, refersTo), bytes: page.unpackedSize };
      this.#bytes += kept.bytes;
    }
    this.#pages.set(key, kept);
    for (const [oldest, { bytes }] of this.#pages) {
      if (this.#bytes <= KEPT_BYTES || oldest === key) break;
      this.#pages.delete(oldest);
      this.#bytes -= bytes;
    }
    return kept;
  }
}

function countOf(levels: Uint8Array, level: number): number {
  return levels.reduce((sum, one) => sum + Number(one === level), 0);
}
