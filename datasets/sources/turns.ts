/** Limits how many images a thread processes at once. */

/** Runs a few tasks at a time, the others in order of arrival. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param atOnce tasks running at once */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Runs a task when it is its turn. */
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

/** Images of a batch read concurrently: while one is decoded, others come from the disk. */
export const PICTURES_AT_ONCE = 3;
