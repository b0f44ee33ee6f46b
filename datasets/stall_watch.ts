/** Detects transfers that stall or nearly do. */

/** Bytes per second that a transfer must reach. */
const MIN_SPEED = 1024;

/**
 * Aborts a request that is too slow over the given number of milliseconds. Dispose of it when the request
 * is finished.
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

  /** The signal for fetch. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether some bytes arrived recently, though too few. */
  get drips(): boolean {
    return this.#moved > 0;
  }

  /** Describes the stall for the user. */
  get message(): string {
    const seconds = `${this.milliseconds / 1000} seconds`;
    return this.drips ? `only ${this.#moved} bytes in ${seconds}` : `no answer for ${seconds}`;
  }

  /** Counts received bytes; when there are enough, the timer restarts. */
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
