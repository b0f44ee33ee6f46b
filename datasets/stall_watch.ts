/** Noticing that a transfer stands still. */

/** Aborts a request that has not moved for so many milliseconds; dispose of it when it is over. */
export class StallWatch {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it has aborted. */
  stalled = false;

  constructor(private readonly milliseconds: number) {
    this.reset();
  }

  /** Hand this to fetch. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What happened, for a person. */
  get message(): string {
    return `no answer for ${this.milliseconds / 1000} seconds`;
  }

  /** Something arrived: start counting again. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.milliseconds);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
