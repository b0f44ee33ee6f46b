/** Images in Parquet files, each read with only its page. */
import { InputError } from "../../errors.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import type { ParquetForm, ParquetPlaces, RowReader } from "./parquet_rows.ts";
import { identityOfFile } from "./identity.ts";
import { ShardNames, type ShardNamesHandle } from "./shard_names.ts";
import type { PictureStore, StoreHandle } from "./store.ts";

/** How a worker opens a {@link ParquetStore}. */
export interface ParquetHandle extends StoreHandle, ShardNamesHandle {
  readonly kind: "parquet";
  readonly places: ParquetPlaces<Float64Array<SharedArrayBuffer>>;
  /** One per file. */
  readonly forms: readonly ParquetForm[];
}

/** Images in rows. */
export class ParquetStore implements PictureStore {
  readonly #names: ShardNames;
  #reader: Promise<RowReader> | undefined;

  constructor(private readonly handle: ParquetHandle) {
    this.#names = new ShardNames(handle);
  }

  nameOf(picture: number): string {
    return this.#names.nameOf(picture);
  }

  identityOf(picture: number): string | undefined {
    const { page, row } = this.handle.places;
    const file = identityOfFile(this.#names.shardOf(picture));
    return file && `${file} ${page[picture]} ${row[picture]}`;
  }

  async fileOf(picture: number): Promise<Uint8Array<ArrayBuffer>> {
    const { places: { page, row, dictionary }, forms } = this.handle;
    const reader = await (this.#reader ??= loadReader());
    const shard = this.#names.placeOf(picture);
    try {
      return reader.read(this.handle.shards[shard], forms[shard], {
        page: page[picture],
        row: row[picture],
        dictionary: dictionary[picture],
      });
    } catch (error) {
      const reason = error instanceof InputError
        ? error.message
        : bareRefusalOf(error)?.replace(/^/, "cannot be read: ");
      if (reason === undefined) throw error;
      throw new InputError(`${this.nameOf(picture)}: ${reason}`, { cause: error });
    }
  }
}

/**
 * The address is computed, so that code that only might read such files does not load the library. A worker
 * that may only read has loaded it beforehand.
 */
async function loadReader(): Promise<RowReader> {
  const { ParquetReader } = await import(new URL("./parquet_reader.ts", import.meta.url).href);
  return new ParquetReader();
}
