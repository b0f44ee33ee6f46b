/** Buffers through which data is read back from the device. */
import type { Device } from "./device.ts";

/** Buffers of one size, which are reused after their contents have been read. */
export class Staging {
  readonly #device: Device;
  readonly #descriptor: GPUBufferDescriptor;
  readonly #free: GPUBuffer[] = [];
  /** Buffers that were mapped before; see {@link canReadEarly}. */
  readonly #mapped = new WeakSet<GPUBuffer>();
  #disposed = false;

  /** @param bytes of a buffer, a multiple of 4 */
  constructor(device: Device, label: string, bytes: number) {
    this.#device = device;
    this.#descriptor = {
      label,
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    };
  }

  /** A buffer to copy to and then to {@link read}, or to {@link give} back. */
  take(): GPUBuffer {
    return this.#free.pop() ?? this.#device.gpu.createBuffer(this.#descriptor);
  }

  /** Takes back a buffer that is no longer in use. */
  give(buffer: GPUBuffer): void {
    if (this.#disposed) buffer.destroy();
    else this.#free.push(buffer);
  }

  /**
   * Passes the first bytes of a buffer to `use`, which copies what it needs, and takes the buffer
   * back. If the device reads early, all earlier submissions are done and `use` has been called
   * when this returns. Rejects with the device's failure, or with an Error if there is none.
   */
  async read<T>(buffer: GPUBuffer, bytes: number, use: (data: ArrayBuffer) => T): Promise<T> {
    try {
      const mapped = buffer.mapAsync(GPUMapMode.READ, 0, bytes);
      const early = this.#device.readsEarly && this.#mapped.has(buffer)
        ? rangeNow(buffer, bytes, mapped)
        : undefined;
      if (!early) await mapped;
      const result = use(early ?? buffer.getMappedRange(0, bytes));
      buffer.unmap();
      this.#mapped.add(buffer);
      // Failures are reported in the event loop's next turn.
      if (early) await nextTurn();
      if (this.#device.failure) throw this.#device.failure;
      this.give(buffer);
      return result;
    } catch (error) {
      buffer.destroy();
      await nextTurn();
      throw this.#device.failure ?? error;
    }
  }

  /** Frees the buffers; those in use are freed when they are given back. */
  dispose(): void {
    this.#disposed = true;
    this.#free.splice(0).forEach((buffer) => buffer.destroy());
  }
}

/** Resolves in the next turn of the event loop; a timer would take a millisecond longer. */
function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** The first bytes of a buffer, if they can be read already. */
function rangeNow(
  buffer: GPUBuffer,
  bytes: number,
  mapped: Promise<unknown>,
): ArrayBuffer | undefined {
  try {
    const range = buffer.getMappedRange(0, bytes);
    mapped.catch(() => {});
    return range;
  } catch {
    return undefined;
  }
}
