/** Growing arrays of numbers in shared memory. */

/** Types of arrays that can grow. */
type Growable =
  | Uint8Array<SharedArrayBuffer>
  | Int32Array<SharedArrayBuffer>
  | Uint32Array<SharedArrayBuffer>
  | Float64Array<SharedArrayBuffer>;

/** Constructor of such an array. */
interface Maker<A extends Growable> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer): A;
}

/** An array that grows at its end; the unused part reserves addresses, but no memory. */
export class Growing<A extends Growable> {
  /** The used length. */
  length = 0;
  #array: A;

  constructor(private readonly maker: Maker<A>, capacity = 1024) {
    this.#array = this.#make(capacity);
  }

  /** The array, with space for the given number of further numbers. */
  withRoom(count: number): A {
    const needed = this.length + count;
    if (needed > this.#array.length) {
      const larger = this.#make(Math.max(needed, 2 * this.#array.length));
      larger.set(this.#array.subarray(0, this.length));
      this.#array = larger;
    }
    return this.#array;
  }

  /** Adds a number. */
  push(value: number): void {
    this.withRoom(1)[this.length++] = value;
  }

  /** Adds numbers. */
  append(values: ArrayLike<number>): void {
    this.withRoom(values.length).set(values, this.length);
    this.length += values.length;
  }

  /** The number at a used index. */
  at(place: number): number {
    return this.#array[place];
  }

  /** The used part, without a copy. */
  get used(): A {
    return this.#array.subarray(0, this.length) as A;
  }

  #make(length: number): A {
    return new this.maker(new SharedArrayBuffer(this.maker.BYTES_PER_ELEMENT * length));
  }
}
