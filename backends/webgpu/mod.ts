/**
 * The WebGPU backend: tensor programs as WGSL kernels, generated for the shapes at hand.
 *
 * A program is lowered to dispatches (`lower.ts`), its memory planned (`memory.ts`), and the whole
 * of it encoded as one compute pass and submitted at once (`executable.ts`). Kernels are in
 * `kernels/`, one file a family.
 */
import { InputError } from "../../errors.ts";
import type { Program } from "../../graph/types.ts";
import type { Backend, Executable } from "../backend.ts";
import { Allocation, type AllocationPlan, planAllocation } from "./allocation.ts";
import { type Device, type DeviceOptions, openDevice } from "./device.ts";
import { makeDispatches, PipelineCache } from "./dispatch.ts";
import { WebgpuExecutable } from "./executable.ts";
import { checkLimits } from "./limits.ts";
import { lowerProgram, variableBuffers } from "./lower.ts";

export { type DeviceOptions, openDevice } from "./device.ts";

/** Options of {@link webgpuBackend}. */
export type WebgpuOptions = DeviceOptions;

/**
 * The WebGPU backend on this system's adapter. Throws InputError where there is no adapter, or only
 * a software one and `software` is false; RunError where the adapter gives no device.
 *
 * Runs of its executables resolve late, several at a time. When the device is lost or reports an
 * error, runs in flight and all later calls reject with a RunError that says so.
 */
export async function webgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  const device = await openDevice(options);
  return {
    name: "webgpu",
    description: device.description,
    threads: 1,
    plan: (programs) => planPrograms(programs).memory,
    compile: (programs) => compile(programs, device),
  };
}

function planPrograms(programs: readonly Program[]): AllocationPlan {
  const variables = variableBuffers(programs);
  return planAllocation(programs.map((program) => lowerProgram(program, variables)), variables);
}

async function compile(programs: readonly Program[], device: Device): Promise<Executable> {
  const { gpu } = device;
  if (device.failure) throw device.failure;
  const plan = planPrograms(programs);
  checkLimits(plan, gpu.limits, device.description);
  gpu.pushErrorScope("out-of-memory");
  const allocation = new Allocation(gpu, plan);
  const error = await gpu.popErrorScope();
  if (error) {
    allocation.destroy();
    throw new InputError(
      `the programs need ${(plan.memory.totalBytes / 2 ** 20).toFixed(0)} MiB, which ` +
        `${device.description} does not have free (${error.message}); choose a smaller batch`,
    );
  }
  const cache = new PipelineCache(gpu);
  const ready = [];
  try {
    for (const lowered of plan.programs) {
      ready.push({ lowered, dispatches: await makeDispatches(lowered, allocation, cache, gpu) });
    }
  } catch (error) {
    allocation.destroy();
    throw device.failure ?? error;
  }
  return new WebgpuExecutable(device, allocation, plan.variables, ready);
}
