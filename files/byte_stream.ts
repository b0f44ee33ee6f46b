/** Reads a stream in pieces of given lengths, for formats with many parts. */

/** Bytes passed on at once, which limits the unpacked bytes in memory. */
const PORTION = 2 ** 14;

/** A stream that is read sequentially. */
export class ByteStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** @param fail makes the error for a stream that ends early or is damaged */
  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    private readonly fail: (reason: string) => Error,
  ) {
    this.#reader = stream.getReader();
  }

  /** The next `length` bytes; undefined at the end. */
  async takeOrEnd(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#rest.length === 0 && length > 0 && !await this.#more()) return undefined;
    if (this.#rest.length < length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length;) {
        if (this.#rest.length === 0 && !await this.#more()) throw this.fail("it ends early");
        const part = this.#rest.subarray(0, length - at);
        bytes.set(part, at);
        at += part.length;
        this.#rest = this.#rest.subarray(part.length);
      }
      return bytes;
    }
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  /** The next `length` bytes. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.takeOrEnd(length);
    if (!bytes) throw this.fail("it ends early");
    return bytes;
  }

  /** The next `length` bytes as a stream, to be read to its end before anything else. */
  part(length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    let left = length;
    return new ReadableStream({
      pull: async (controller) => {
        if (left > 0) controller.enqueue(await this.take(Math.min(left, PORTION)));
        left -= Math.min(left, PORTION);
        if (left === 0) controller.close();
      },
    }, { highWaterMark: 0 });
  }

  /** Reads the rest. */
  async skip(): Promise<void> {
    while (await this.#more());
    this.#rest = new Uint8Array();
  }

  async #more(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#rest = value;
      return value.length > 0 || await this.#more();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw this.fail(error.message);
    }
  }
}
