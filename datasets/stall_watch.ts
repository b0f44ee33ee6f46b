/** Noticing that a transfer stands still or all but does. */

/** Bytes a second that a transfer must bring. */
const MIN_SPEED = 1024;

/**
 * Aborts a request that is too slow over the given number of milliseconds. Dispose of it when the
 * request is over.
 */
export class StallWatch {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Bytes since the timer was set. */
  #moved = 0;
  /** Whether it has aborted. */
  stalled = false;

  constructor(private readonly milliseconds: number) {
    this.#start();
  }

  /** Hand this to fetch. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether something arrived lately, if too little. */
  get drips(): boolean {
    return this.#moved > 0;
  }

  /** What happened, for a person. */
  get message(): string {
    const seconds = `${this.milliseconds / 1000} seconds`;
    return this.drips ? `only ${this.#moved} bytes in ${seconds}` : `no answer for ${seconds}`;
  }

  /** Counts bytes that arrived; once there are enough, the time starts again. */
  move(bytes: number): void {
    this.#moved += bytes;
    if (this.#moved >= MIN_SPEED * this.milliseconds / 1000) this.#start();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#moved = 0;
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.milliseconds);
  }
}
