/** Reads parts of files. */

/** Bytes read at once: a header, a little data after it, and the next header. */
const PORTION = 2 ** 13;

/** A file of which small parts are read in order. */
export class FileWindow implements Disposable {
  /** Bytes of the file. */
  readonly size: number;
  #bytes = new Uint8Array(PORTION);
  /** The part of the file that is buffered. */
  #from = 0;
  #to = 0;
  readonly #file: Deno.FsFile;

  /** Opens the file. Like all methods, throws the system's errors. */
  constructor(path: string) {
    this.#file = Deno.openSync(path);
    this.size = this.#file.statSync().size;
  }

  /** Up to `length` bytes of the file; overwritten by the next call. */
  at(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (offset < this.#from || offset + length > this.#to) {
      if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
      this.#from = offset;
      const portion = this.#bytes.subarray(0, Math.max(length, PORTION));
      this.#to = offset + fill(this.#file, offset, portion);
    }
    const to = Math.min(this.#to, offset + length);
    return this.#bytes.subarray(offset - this.#from, to - this.#from);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Up to `length` bytes of a file. Throws the system's errors. */
export function partOf(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, fill(file, offset, bytes));
}

/** Reads at `offset` as much as exists and fits; returns the number of bytes. */
function fill(file: Deno.FsFile, offset: number, into: Uint8Array): number {
  file.seekSync(offset, Deno.SeekMode.Start);
  let length = 0;
  while (length < into.length) {
    const count = file.readSync(into.subarray(length));
    if (count === null) break;
    length += count;
  }
  return length;
}
