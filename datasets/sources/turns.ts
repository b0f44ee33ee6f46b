/** How many images a thread holds at once. */

/** Work of which a few pieces are under way at once, the others in the order they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param atOnce pieces under way at once */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Does a piece of work when it is its turn. */
  async take<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Images of a batch that are read at once: while one is decoded, others come from the disk. */
export const PICTURES_AT_ONCE = 3;
