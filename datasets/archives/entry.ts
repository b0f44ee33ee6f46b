/** Entries of archives in any format. */

/** A file, a folder or something else in an archive. */
export interface ArchiveEntry {
  /** As stored: it may name any path. */
  readonly name: string;
  /** `file`, `directory`, or another kind. */
  readonly type: string;
  /** Size of its content, as the archive states it. */
  readonly size: number;
  /** Its content, which must be read or cancelled before the next entry is requested. */
  readonly body: ReadableStream<Uint8Array>;
}

/** How an archive is read. */
export interface ReadOptions {
  /** Limit on unpacked bytes, including headers. */
  readonly maxBytes: number;
  /** Makes the error for exceeding the limit. */
  readonly tooLarge: () => Error;
  /** Periodically receives the number of bytes of the archive read so far. */
  readonly onRead: (bytes: number) => void;
}
