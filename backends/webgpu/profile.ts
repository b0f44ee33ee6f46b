/** Times of a program's kernels. */
import { RunError } from "../../errors.ts";
import type { KernelTiming } from "../backend.ts";
import type { Device } from "./device.ts";
import { type Dispatch, encodeDispatches } from "./dispatch.ts";
import { movedBytes } from "./kernel.ts";

/** Most timestamps of a query set. */
const MAX_QUERIES = 4096;

/**
 * The mean time of each dispatch over some runs, in the order of the dispatches. Variables take the
 * updates that are written in place. Throws RunError on a device without timestamp queries,
 * DeviceError when it fails.
 */
export async function timeDispatches(
  device: Device,
  dispatches: readonly Dispatch[],
  runs: number,
): Promise<KernelTiming[]> {
  if (!device.hasTimestamps) {
    throw new RunError(
      `${device.description} has no timestamp queries, so kernels cannot be timed`,
    );
  }
  const milliseconds = new Float64Array(dispatches.length);
  for (let run = 0; run < runs; run++) {
    for (let first = 0; first < dispatches.length; first += MAX_QUERIES / 2) {
      const batch = dispatches.slice(first, first + MAX_QUERIES / 2);
      const times = await timePasses(device, batch.map((dispatch) => [dispatch]));
      times.forEach((time, i) => milliseconds[first + i] += time / runs);
    }
  }
  return dispatches.map(({ phase }, i) => ({
    kernel: phase.name,
    label: phase.label,
    milliseconds: milliseconds[i],
    flops: phase.flops ?? 0,
    bytes: movedBytes(phase),
  }));
}

/** Milliseconds of some passes, by timestamp queries. Throws DeviceError when the device fails. */
export async function timePasses(
  device: Device,
  passes: readonly (readonly Dispatch[])[],
): Promise<number[]> {
  const { gpu } = device;
  const count = 2 * passes.length;
  const querySet = gpu.createQuerySet({ type: "timestamp", count });
  const size = 8 * count;
  const resolved = gpu.createBuffer({
    size,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const staging = gpu.createBuffer({
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.createCommandEncoder();
  passes.forEach((dispatches, i) => {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      },
    });
    encodeDispatches(pass, dispatches);
    pass.end();
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  gpu.queue.submit([encoder.finish()]);
  try {
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    return passes.map((_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6);
  } catch (error) {
    throw device.failure ?? error;
  } finally {
    staging.destroy();
    resolved.destroy();
    querySet.destroy();
  }
}
