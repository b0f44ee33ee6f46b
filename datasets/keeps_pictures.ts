/** The interface of sources that cache decoded images. */

/** A decoded image to be cached. */
export interface FreshPicture {
  /** Its index in the source. */
  readonly index: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** u8 [height, width, channels]. */
  readonly data: Uint8Array;
}

/** A source that caches images, its own or those of an inner source. */
export interface KeepsPictures {
  /** Most bytes of memory it may use in all threads together. */
  readonly memoryBytes?: number;
  /** Takes the decoded images that are not cached yet: a worker, which may not write, passes them on. */
  takeFresh?(): readonly FreshPicture[];
  /** Caches images taken here or in a worker. */
  keep?(pictures: readonly FreshPicture[]): void;
  /** Closes open files once all is written; they are reopened when needed. */
  release?(): Promise<void>;
}
