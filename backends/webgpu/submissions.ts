/** Submissions, and the memory that V8 does not see behind them. */

/** Submissions after which V8 is made to collect. */
const INTERVAL = 100;
/** Above the 64 MiB by which memory outside V8's heap may grow until V8 collects. */
const BALLAST_BYTES = 96 << 20;

/**
 * Submits commands, and lets go of what they leave behind.
 *
 * A submission leaves an encoder, a pass and a command buffer: objects of a few bytes for V8, of
 * kilobytes for the driver. WebGPU has no call that frees them, so they wait for V8's next full
 * collection, which on a heap as quiet as a training's is thousands of steps away. What V8 does
 * see is the size of array buffers. So every {@link INTERVAL} submissions a large one takes the
 * place of the one before: that starts a collection, of about a millisecond, in the background.
 * Nobody writes to the buffer, so that it takes up addresses but no memory.
 */
export class Submissions {
  readonly #queue: GPUQueue;
  #count = 0;
  /** Held, as buffers that die young are freed without the collection that is wanted. */
  #ballast: ArrayBuffer | undefined;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  /** Submits what an encoder holds. */
  submit(encoder: GPUCommandEncoder): void {
    this.#queue.submit([encoder.finish()]);
    if (++this.#count % INTERVAL === 0) this.#ballast = new ArrayBuffer(BALLAST_BYTES);
  }
}
