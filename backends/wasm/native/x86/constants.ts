/** Constants of machine code. */

/** A pattern of 32-bit words, repeated to fill a register. */
export function repeated(words: readonly number[], vectors: 1 | 2 | 4): Uint8Array {
  return new Uint8Array(
    Uint32Array.from({ length: 4 * vectors }, (_, i) => words[i % words.length]).buffer,
  );
}

/** Constants, without duplicates. */
export class ConstantPool {
  readonly #numbers = new Map<string, number>();
  readonly #constants: Uint8Array[] = [];

  /** Adds a constant; returns its number. */
  add(bytes: Uint8Array): number {
    const key = bytes.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#constants.length);
    return this.#constants.push(bytes) - 1;
  }

  /** All bytes, and where each constant is: largest first, so that each is aligned to its size. */
  lay(): { readonly bytes: Uint8Array; readonly offsets: readonly number[] } {
    const offsets: number[] = [];
    const order = [...this.#constants.keys()].sort((a, b) =>
      this.#constants[b].length - this.#constants[a].length
    );
    let end = 0;
    for (const number of order) {
      offsets[number] = end;
      end += this.#constants[number].length;
    }
    const bytes = new Uint8Array(end);
    for (const number of order) bytes.set(this.#constants[number], offsets[number]);
    return { bytes, offsets };
  }
}
