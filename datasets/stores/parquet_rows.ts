/** Rows of Parquet files, and the interface of their reader. */

/** Location of an image in its file. */
export interface ParquetPlaces<A> {
  /** Offset of its page's header. */
  readonly page: A;
  /** Its row in the page. */
  readonly row: A;
  /** Offset of the header of the dictionary that the page may use; 0 for none. */
  readonly dictionary: A;
}

/** How the images of a file are stored. */
export interface ParquetForm {
  readonly codec: string;
  /** See `ColumnForm`. */
  readonly maxDefinition: number;
}

/** What `parquet_reader.ts` exports: a reader of the bytes of an image's file. */
export interface RowReader {
  read(
    path: string,
    form: ParquetForm,
    place: ParquetPlaces<number>,
  ): Uint8Array<ArrayBuffer>;
}
