/**
 * The byte level of the WebAssembly binary format: a growing buffer and the number encodings
 * written into it. See https://webassembly.github.io/spec/core/binary/.
 */

const utf8 = new TextEncoder();

/** A growing byte buffer with WebAssembly's number encodings. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes written so far. The view is valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    const place = this.#advance(1);
    this.#bytes[place] = value;
  }

  append(bytes: ArrayLike<number>): void {
    const start = this.#advance(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Appends an unsigned 32-bit integer as LEB128. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Appends a signed 32-bit integer as LEB128; values of 2^31 and above wrap. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Appends a signed 64-bit integer as LEB128; values of 2^63 and above wrap. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** Appends a 32-bit float. */
  float32(value: number): void {
    const start = this.#advance(4);
    this.#view.setFloat32(start, value, true);
  }

  /** Appends a 64-bit float. */
  float64(value: number): void {
    const start = this.#advance(8);
    this.#view.setFloat64(start, value, true);
  }

  /** Appends a name: its length in bytes, then UTF-8. */
  name(text: string): void {
    this.sized(utf8.encode(text));
  }

  /** Appends a byte count and the bytes. */
  sized(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.append(bytes);
  }

  /** Reserves room for an index that is not known yet; returns the place for {@link patchIndex}. */
  reserveIndex(): number {
    return this.#advance(5);
  }

  /** Fills a place from {@link reserveIndex} with an index, as LEB128 padded to five bytes. */
  patchIndex(place: number, index: number): void {
    for (let i = 0; i < 4; i++) this.#bytes[place + i] = ((index >>> (7 * i)) & 0x7f) | 0x80;
    this.#bytes[place + 4] = index >>> 28;
  }

  /** Makes room for `count` more bytes and returns where they start. */
  #advance(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
