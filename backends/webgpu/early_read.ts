/**
 * Whether a buffer can be read as soon as it is asked for.
 *
 * In Deno, `mapAsync` waits for the GPU before it returns: the data is there when the call is over,
 * 10 ms before its promise resolves. So `getMappedRange` gives it at once, for all that no other
 * runtime does that and no standard says so. A buffer that was never mapped ends the process, with a
 * panic that nothing can catch; one that was mapped once throws where it cannot be read.
 */

/** Versions of Deno that are known to. Another could panic, so that it is not even tried there. */
const KNOWN_VERSIONS = /^2\.9\./;

/**
 * Tries it on a device, with numbers that are known; says no where anything goes wrong.
 *
 * @param version of Deno; empty in a browser, where it is not tried
 */
export async function canReadEarly(
  gpu: GPUDevice,
  version: string = globalThis.Deno?.version?.deno ?? "",
): Promise<boolean> {
  if (!KNOWN_VERSIONS.test(version)) return false;
  const source = gpu.createBuffer({
    size: 16,
    usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const staging = gpu.createBuffer({
    size: 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
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
    // The second while the first's promise is pending, the third when all have been resolved.
    const found = await Promise.all([readsEarly(2), readsEarly(3)]);
    return found.every(Boolean) && await readsEarly(4);
  } catch {
    return false;
  } finally {
    source.destroy();
    staging.destroy();
  }
}
