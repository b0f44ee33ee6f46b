/**
 * Tests whether a buffer can be read as soon as `mapAsync` returns.
 *
 * In Deno, `mapAsync` waits for the GPU before it returns: the data is available then, 10 ms before
 * the promise resolves. So `getMappedRange` returns it at once, although no other runtime does so
 * and no standard requires it. With a buffer that was never mapped, the call ends the process with
 * a panic that nothing can catch; with one that was mapped before, it throws if it cannot be read.
 */

/** Versions of Deno that are known to do so. Others could panic, so it is not tried with them. */
const KNOWN_VERSIONS = /^2\.9\./;

/**
 * Tries it on a device with known numbers; false if anything goes wrong.
 *
 * @param version of Deno; empty in a browser, where it is not tried
 */
export async function canReadEarly(
  gpu: GPUDevice,
  version: string = globalThis.Deno?.version?.deno ?? "",
): Promise<boolean> {
  if (!KNOWN_VERSIONS.test(version)) return false;
  const { COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const source = gpu.createBuffer({ size: 16, usage: COPY_SRC | COPY_DST });
  const staging = gpu.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
  const map = (value: number) => {
    gpu.queue.writeBuffer(source, 0, Uint32Array.of(value, 0, 0, 0));
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, 16);
    gpu.queue.submit([encoder.finish()]);
    return staging.mapAsync(GPUMapMode.READ);
  };
  const readsEarly = async (value: number) => {
    const mapped = map(value);
    const [found] = new Uint32Array(staging.getMappedRange());
    staging.unmap();
    await mapped;
    return found === value;
  };
  try {
    await map(1);
    staging.unmap();
    // The second while the first's promise is pending, the third when all have resolved.
    const found = await Promise.all([readsEarly(2), readsEarly(3)]);
    return found.every(Boolean) && await readsEarly(4);
  } catch {
    return false;
  } finally {
    source.destroy();
    staging.destroy();
  }
}
