/** The GPU buffers of an executable. */
import type { MemoryPlan } from "../backend.ts";
import type { MemoryBuffer } from "./kernel.ts";
import type { LoweredProgram, VariableBuffers } from "./lowered_program.ts";
import { planTemporaries, sharedSizes, sharedSlots, type TemporaryPlan } from "./memory.ts";

/** The memory that the programs of an executable need together; computed without a device. */
export interface AllocationPlan {
  readonly programs: readonly LoweredProgram[];
  readonly variables: VariableBuffers;
  readonly temporaries: readonly TemporaryPlan[];
  /** Bytes of the buffers that the programs' temporaries share. */
  readonly sizes: readonly number[];
  readonly memory: Omit<MemoryPlan, "fits">;
}

/** Plans the memory of some programs. */
export function planAllocation(
  programs: readonly LoweredProgram[],
  variables: VariableBuffers,
): AllocationPlan {
  const temporaries = programs.map(planTemporaries);
  const sizes = sharedSizes(temporaries);
  const fixed = programs.flatMap((
    program,
  ) => [...inputBuffers(program), ...program.constants.keys()]);
  const sum = (buffers: Iterable<{ bytes: number }>) =>
    [...buffers].reduce((total, { bytes }) => total + bytes, 0);
  const variableBytes = sum(variables.values());
  const temporaryBytes = sum(sizes.map((bytes) => ({ bytes }))) + sum(fixed);
  const memory = { variableBytes, temporaryBytes, totalBytes: variableBytes + temporaryBytes };
  return { programs, variables, temporaries, sizes, memory };
}

/** The buffers of a program's inputs. */
function inputBuffers({ inputs }: LoweredProgram): Set<MemoryBuffer> {
  return new Set([...inputs.values()].map(({ buffer }) => buffer));
}

/** The buffers of a plan, on a device. */
export class Allocation {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<MemoryBuffer, GPUBuffer>();
  readonly #all: GPUBuffer[] = [];

  constructor(device: GPUDevice, plan: AllocationPlan) {
    this.#device = device;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    for (const [name, buffer] of plan.variables) {
      this.#buffers.set(buffer, this.#create(buffer.bytes, storage, name));
    }
    const shared = plan.sizes.map((bytes, i) => this.#create(bytes, storage, `temporary ${i}`));
    plan.programs.forEach((program, i) => {
      const slots = sharedSlots(plan.temporaries[i]);
      plan.temporaries[i].slots.forEach((slot, buffer) => {
        this.#buffers.set(buffer, shared[slots[slot]]);
      });
      for (const buffer of [...inputBuffers(program), ...program.constants.keys()]) {
        this.#buffers.set(buffer, this.#create(buffer.bytes, storage, buffer.label));
      }
      program.constants.forEach((data, buffer) =>
        device.queue.writeBuffer(this.buffer(buffer), 0, data)
      );
    });
  }

  /** The GPU buffer of some memory of the plan. */
  buffer(memory: MemoryBuffer): GPUBuffer {
    const found = this.#buffers.get(memory);
    if (!found) throw new Error(`no buffer was planned for ${memory.label}`);
    return found;
  }

  /** A uniform buffer with these contents, freed with the others. */
  uniform(data: Uint32Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#create(data.byteLength, usage, "bases");
    this.#device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /** Frees all buffers; the garbage collector, which does not see their size, would be too late. */
  destroy(): void {
    this.#all.splice(0).forEach((buffer) => buffer.destroy());
    this.#buffers.clear();
  }

  #create(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const buffer = this.#device.createBuffer({ size, usage, label });
    this.#all.push(buffer);
    return buffer;
  }
}
