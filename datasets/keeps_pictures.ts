/** What sources have to do with images that were decoded and are kept. */

/** An image that was decoded, for whoever keeps it. */
export interface FreshPicture {
  /** Its number in the source. */
  readonly index: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** u8 [height, width, channels]. */
  readonly data: Uint8Array;
}

/** What a source does that keeps images, its own or those of a source that it is made of. */
export interface KeepsPictures {
  /** Bytes of memory that it may take in all threads together. */
  readonly memoryBytes?: number;
  /** Takes out what was decoded and is not kept yet: a worker, which may not write, hands it on. */
  takeFresh?(): readonly FreshPicture[];
  /** Keeps what was taken out, here or in a worker. */
  keep?(pictures: readonly FreshPicture[]): void;
  /** Lets go of files that are open, once all is written; they are opened again when needed. */
  release?(): Promise<void>;
}
