/** Submissions to the queue, and the memory they use outside V8's heap. */

/** Submissions between two garbage collections. Measure with `bench/webgpu_memory.ts`. */
const INTERVAL = 100;
/** Above the 64 MiB by which memory outside V8's heap may grow until V8 collects. */
const BALLAST_BYTES = 96 << 20;

/**
 * Submits commands and makes V8 free the objects they leave behind.
 *
 * A submission leaves an encoder, a pass and a command buffer: objects of a few bytes for V8, but
 * of kilobytes for the driver. WebGPU has no call that frees them, so they wait for V8's next full
 * collection, which is thousands of steps away during a training. V8 does consider the size of
 * array buffers. So every {@link INTERVAL} submissions a large one replaces the previous one, which
 * starts a collection of about a millisecond in the background. The buffer is never written to, so
 * it occupies addresses but no memory.
 */
export class Submissions {
  readonly #queue: GPUQueue;
  #count = 0;
  /** Kept alive, because buffers that die young are freed without a full collection. */
  #ballast: ArrayBuffer | undefined;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  /** Submits the commands of an encoder. */
  submit(encoder: GPUCommandEncoder): void {
    this.#queue.submit([encoder.finish()]);
    if (++this.#count % INTERVAL === 0) this.#ballast = new ArrayBuffer(BALLAST_BYTES);
  }
}
