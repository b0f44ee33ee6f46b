/** What is in an archive, whatever its format. */

/** A file, a folder or something else in an archive. */
export interface ArchiveEntry {
  /** As it is written there: it may name any place. */
  readonly name: string;
  /** `file`, `directory`, or what else it is. */
  readonly type: string;
  /** Bytes of its content, as the archive says. */
  readonly size: number;
  /** Its content, which has to be read or cancelled before the next entry comes. */
  readonly body: ReadableStream<Uint8Array>;
}

/** How an archive is read. */
export interface ReadOptions {
  /** Bytes that may come out of it, whatever they are of. */
  readonly maxBytes: number;
  /** Makes the error for more. */
  readonly tooLarge: () => Error;
  /** Receives, now and then, how many bytes of the archive are read. */
  readonly onRead: (bytes: number) => void;
}
