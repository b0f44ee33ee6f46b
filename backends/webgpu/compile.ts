/** Compiles programs for a device. */
import { InputError } from "../../errors.ts";
import type { Program } from "../../graph/types.ts";
import { Allocation, type AllocationPlan, planAllocation } from "./allocation.ts";
import type { Device } from "./device.ts";
import { makeDispatches, PipelineCache, type ReadyDispatch } from "./dispatch.ts";
import { WebgpuExecutable } from "./executable.ts";
import { checkLimits } from "./limits.ts";
import { type LoweringOptions, lowerProgram, variableBuffers } from "./lower.ts";
import type { Tuning } from "./tuning.ts";

/** Lowers programs that share variables and plans their memory. */
export function planPrograms(
  programs: readonly Program[],
  tuning: Tuning,
  options: LoweringOptions = {},
): AllocationPlan {
  const variables = variableBuffers(programs);
  const lowered = programs.map((program) => lowerProgram(program, variables, tuning, options));
  return planAllocation(lowered, variables);
}

/** How programs are lowered for a device. */
export function loweringFor({ gpu, isSoftware: software }: Device): LoweringOptions {
  return { maxStorageBuffers: gpu.limits.maxStorageBuffersPerShaderStage, software };
}

/** Programs on a device. */
export interface CompiledPrograms {
  readonly executable: WebgpuExecutable;
  /** The dispatches of each program. */
  readonly dispatches: readonly (readonly ReadyDispatch[])[];
}

/**
 * Allocates the memory of a plan and makes its pipelines. Throws MemoryLimitError if the batch
 * exceeds the device's limits, InputError if something else does or the memory is not available.
 */
export async function compilePlan(plan: AllocationPlan, device: Device): Promise<CompiledPrograms> {
  const { gpu } = device;
  if (device.failure) throw device.failure;
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
  return {
    executable: new WebgpuExecutable(device, allocation, plan.variables, ready),
    dispatches: ready.map(({ dispatches }) => dispatches),
  };
}
