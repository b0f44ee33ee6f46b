/** Rows of Parquet files, and what reads them. */

/** Where an image is in its file. */
export interface ParquetPlaces<A> {
  /** Where the header of its page begins. */
  readonly page: A;
  /** Which row of the page it is. */
  readonly row: A;
  /** Where the header of the dictionary begins that the page may refer to; 0 for none. */
  readonly dictionary: A;
}

/** How the images of a file are stored. */
export interface ParquetForm {
  readonly codec: string;
  /** See `ColumnForm`. */
  readonly maxDefinition: number;
}

/** What `parquet_reader.ts` exports: reads the bytes of an image's file. */
export interface RowReader {
  read(
    path: string,
    form: ParquetForm,
    place: ParquetPlaces<number>,
  ): Uint8Array<ArrayBuffer>;
}
