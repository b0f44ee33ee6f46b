/** Measures the times of a program's kernels. */
import { RunError } from "../../errors.ts";
import type { KernelTiming } from "../backend.ts";
import type { Device } from "./device.ts";
import { encodeDispatches, type ReadyDispatch } from "./dispatch.ts";
import { movedBytes } from "./kernel.ts";
import { Staging } from "./staging.ts";

/** Most timestamps that WebGPU allows in a query set. */
const MAX_QUERIES = 4096;

/**
 * The mean time of each dispatch over `runs` runs, in the order of the dispatches. Updates that are
 * written in place change the variables. Throws RunError if the device has no timestamp queries,
 * DeviceError when it fails.
 */
export async function timeDispatches(
  device: Device,
  dispatches: readonly ReadyDispatch[],
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
  return dispatches.map(({ dispatch }, i) => ({
    kernel: dispatch.name,
    label: dispatch.label,
    milliseconds: milliseconds[i],
    flops: dispatch.flops ?? 0,
    bytes: movedBytes(dispatch),
  }));
}

/** Milliseconds of each pass, by timestamp queries. Throws DeviceError when the device fails. */
export async function timePasses(
  device: Device,
  passes: readonly (readonly ReadyDispatch[])[],
): Promise<number[]> {
  const period = await periodOf(device);
  const stamps = await readStamps(device, passes);
  return passes.map((_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) * period / 1e6);
}

/** Ticks at the beginning and the end of each pass. */
async function readStamps(
  device: Device,
  passes: readonly (readonly ReadyDispatch[])[],
): Promise<BigUint64Array> {
  const { gpu } = device;
  const count = 2 * passes.length;
  const querySet = gpu.createQuerySet({ type: "timestamp", count });
  const size = 8 * count;
  const resolved = gpu.createBuffer({
    size,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const staging = stagings.get(gpu) ?? new Staging(device, "timestamps", 8 * MAX_QUERIES);
  stagings.set(gpu, staging);
  const buffer = staging.take();
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
  encoder.copyBufferToBuffer(resolved, 0, buffer, 0, size);
  gpu.queue.submit([encoder.finish()]);
  try {
    return await staging.read(buffer, size, (data) => new BigUint64Array(data.slice(0)));
  } finally {
    resolved.destroy();
    querySet.destroy();
  }
}

/** The buffers through which a device's timestamps are read. */
const stagings = new WeakMap<GPUDevice, Staging>();

/** Milliseconds for which a device's clock is compared with the host's. */
const CALIBRATION = 200;

const periods = new WeakMap<GPUDevice, Promise<number>>();

/**
 * Nanoseconds per tick. The standard says one, but an implementation may pass on the GPU's own
 * ticks, so the clock is compared with the host's, once per device.
 */
function periodOf(device: Device): Promise<number> {
  const known = periods.get(device.gpu) ?? measurePeriod(device);
  periods.set(device.gpu, known);
  return known;
}

async function measurePeriod(device: Device): Promise<number> {
  const now = async () => {
    const [ticks] = await readStamps(device, [[]]);
    return { ticks, host: performance.now() };
  };
  const before = await now();
  await new Promise((resolve) => setTimeout(resolve, CALIBRATION));
  const after = await now();
  return nanosecondsPerTick(Number(after.ticks - before.ticks), after.host - before.host);
}

/** The tick period implied by the numbers; 1 if it is about 1 or there were no ticks. */
export function nanosecondsPerTick(ticks: number, milliseconds: number): number {
  const period = 1e6 * milliseconds / ticks;
  const isStandard = period > 0.8 && period < 1.25;
  return isStandard || !(ticks > 0) ? 1 : period;
}
