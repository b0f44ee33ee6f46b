/** Times of a program's kernels. */
import { RunError } from "../../errors.ts";
import type { KernelTiming } from "../backend.ts";
import type { Device } from "./device.ts";
import { encodeDispatches, type ReadyDispatch } from "./dispatch.ts";
import { movedBytes } from "./kernel.ts";
import { Staging } from "./staging.ts";

/** Most timestamps of a query set. */
const MAX_QUERIES = 4096;

/**
 * The mean time of each dispatch over some runs, in the order of the dispatches. Variables take the
 * updates that are written in place. Throws RunError on a device without timestamp queries,
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

/** Milliseconds of some passes, by timestamp queries. Throws DeviceError when the device fails. */
export async function timePasses(
  device: Device,
  passes: readonly (readonly ReadyDispatch[])[],
): Promise<number[]> {
  const period = await periodOf(device);
  const stamps = await readStamps(device, passes);
  return passes.map((_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) * period / 1e6);
}

/** Ticks at the beginning and the end of each of some passes. */
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
  const staging = stagingOf(device);
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

const stagings = new WeakMap<GPUDevice, Staging>();

/** Through which a device's timestamps come. */
function stagingOf(device: Device): Staging {
  const staging = stagings.get(device.gpu) ?? new Staging(device, "timestamps", 8 * MAX_QUERIES);
  stagings.set(device.gpu, staging);
  return staging;
}

/** Milliseconds over which a device's clock is compared with the host's. */
const CALIBRATION = 200;

const periods = new WeakMap<GPUDevice, Promise<number>>();

/**
 * Nanoseconds of a tick. By the standard it is one; what runs on native drivers may hand on the
 * GPU's own ticks, so the clock is compared with the host's, once a device.
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

/** The period that so many ticks in some milliseconds tell; 1 if it is about 1 or they tell none. */
export function nanosecondsPerTick(ticks: number, milliseconds: number): number {
  const period = 1e6 * milliseconds / ticks;
  const isStandard = period > 0.8 && period < 1.25;
  return isStandard || !(ticks > 0) ? 1 : period;
}
