/** Numbers in memory that all threads share, as many as come. */

/** Arrays that can grow. */
type Growable =
  | Uint8Array<SharedArrayBuffer>
  | Int32Array<SharedArrayBuffer>
  | Uint32Array<SharedArrayBuffer>
  | Float64Array<SharedArrayBuffer>;

/** What makes such an array. */
interface Maker<A extends Growable> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer): A;
}

/** An array that grows at its end; what is not used yet takes addresses, but no memory. */
export class Growing<A extends Growable> {
  /** How much of it is used. */
  length = 0;
  #array: A;

  constructor(private readonly maker: Maker<A>, capacity = 1024) {
    this.#array = this.#make(capacity);
  }

  /** The array, with room for so many numbers behind those that are used. */
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

  /** The number at a place that is used. */
  at(place: number): number {
    return this.#array[place];
  }

  /** What is used, without a copy. */
  get used(): A {
    return this.#array.subarray(0, this.length) as A;
  }

  #make(length: number): A {
    return new this.maker(new SharedArrayBuffer(this.maker.BYTES_PER_ELEMENT * length));
  }
}
