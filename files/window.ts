/** Parts of files. */

/** Bytes that are read at once: a header, what little may follow it, and the next header. */
const PORTION = 2 ** 13;

/** A file of which small parts are looked at, in the order in which they lie. */
export class FileWindow implements Disposable {
  /** Bytes of the file. */
  readonly size: number;
  #bytes = new Uint8Array(PORTION);
  /** Which part of the file they hold. */
  #from = 0;
  #to = 0;
  readonly #file: Deno.FsFile;

  /** Opens it. Throws what the system throws, as the methods do. */
  constructor(path: string) {
    this.#file = Deno.openSync(path);
    this.size = this.#file.statSync().size;
  }

  /** Bytes of the file, as many as there are up to `length`; overwritten by the next call. */
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

/** Bytes of a file, as many as there are up to `length`. Throws what the system throws. */
export function partOf(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, fill(file, offset, bytes));
}

/** Reads what lies at `offset`, as much as there is and has room; returns how much. */
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
