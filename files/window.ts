/** A file of which small parts are looked at, in the order in which they lie. */

/** Bytes that are read at once: a header, what little may follow it, and the next header. */
const PORTION = 2 ** 13;

/** An open file. All methods throw what the system throws. */
export class FileWindow implements Disposable {
  /** Bytes of the file. */
  readonly size: number;
  #bytes = new Uint8Array(PORTION);
  /** Which part of the file they hold. */
  #from = 0;
  #to = 0;
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path);
    this.size = this.#file.statSync().size;
  }

  /** Bytes of the file, as many as there are up to `length`; overwritten by the next call. */
  at(offset: number, length: number): Uint8Array {
    if (offset < this.#from || offset + length > this.#to) this.#read(offset, length);
    return this.#bytes.subarray(
      offset - this.#from,
      Math.min(this.#to, offset + length) - this.#from,
    );
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #read(offset: number, length: number): void {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    [this.#from, this.#to] = [offset, offset];
    while (this.#to < offset + length) {
      const count = this.#file.readSync(this.#bytes.subarray(this.#to - offset));
      if (count === null) break;
      this.#to += count;
    }
  }
}
