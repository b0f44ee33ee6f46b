/** Executes compiled programs; their pipelines, bind groups and buffers are made once. */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Executable, KernelTiming, TensorData } from "../backend.ts";
import { checkInputs, readTarget } from "../inputs.ts";
import { Allocation } from "./allocation.ts";
import type { Device } from "./device.ts";
import { encodeDispatches, type ReadyDispatch } from "./dispatch.ts";
import type { LoweredProgram, VariableBuffers } from "./lowered_program.ts";
import { timeDispatches } from "./profile.ts";
import { Readback } from "./readback.ts";
import { Staging } from "./staging.ts";
import { Submissions } from "./submissions.ts";

/** A program ready to execute. */
interface ReadyProgram {
  readonly lowered: LoweredProgram;
  readonly dispatches: readonly ReadyDispatch[];
  readonly readback: Readback;
  /** Byte offset of each output in a run's readback. */
  readonly outputOffsets: ReadonlyMap<string, number>;
  /** Whether the program has run, so that its inputs contain data to profile with. */
  hasRun: boolean;
}

/** Runs programs on a device. Made by {@link compilePlan}. */
export class WebgpuExecutable implements Executable {
  readonly #device: Device;
  readonly #allocation: Allocation;
  readonly #variables: VariableBuffers;
  readonly #programs: ReadonlyMap<string, ReadyProgram>;
  readonly #submissions: Submissions;
  /** By name of a variable that has been read. */
  readonly #stagings = new Map<string, Staging>();
  #isDisposed = false;

  constructor(
    device: Device,
    allocation: Allocation,
    variables: VariableBuffers,
    programs: readonly { lowered: LoweredProgram; dispatches: readonly ReadyDispatch[] }[],
  ) {
    this.#device = device;
    this.#allocation = allocation;
    this.#variables = variables;
    this.#submissions = new Submissions(device.gpu.queue);
    this.#programs = new Map(programs.map(({ lowered, dispatches }) => {
      const outputOffsets = new Map<string, number>();
      let bytes = 0;
      for (const [name, ref] of Object.entries(lowered.outputs)) {
        outputOffsets.set(name, bytes);
        bytes += ref.bytes;
      }
      const readback = new Readback(device, bytes);
      return [lowered.name, { lowered, dispatches, readback, outputOffsets, hasRun: false }];
    }));
  }

  run(
    name: string,
    inputs: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Float32Array>> {
    const program = this.#program(name);
    checkInputs(program.lowered.program, inputs);
    if (this.#device.failure) return Promise.reject(this.#device.failure);
    const { lowered, readback, outputOffsets } = program;
    const ran = readback.add((buffer, offset) => {
      for (const [input, { buffer, offset }] of lowered.inputs) {
        const target = this.#allocation.buffer(buffer);
        writeBuffer(this.#device.gpu.queue, target, offset, inputs[input]);
      }
      this.#submit(program, buffer, offset);
    });
    program.hasRun = true;
    return ran.then((data) =>
      Object.fromEntries(
        Object.entries(lowered.program.outputs).map(([output, { shape, dtype }]) => {
          const place = [data, outputOffsets.get(output), sizeOf(shape)] as const;
          const isInteger = dtype === "i32";
          return [
            output,
            isInteger ? Float32Array.from(new Int32Array(...place)) : new Float32Array(...place),
          ];
        }),
      )
    );
  }

  async read(variable: string, into?: Float32Array): Promise<Float32Array> {
    const source = this.#variable(variable);
    const { bytes } = this.#variables.get(variable)!;
    const target = readTarget(variable, bytes / 4, into);
    this.#throwFailure();
    const staging = this.#stagings.get(variable) ??
      new Staging(this.#device, `read ${variable}`, source.size);
    this.#stagings.set(variable, staging);
    const buffer = staging.take();
    const encoder = this.#device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, buffer, 0, source.size);
    this.#submissions.submit(encoder);
    const reading = staging.read(buffer, bytes, (data) => target.set(new Float32Array(data)));
    // Earlier runs are done then, so their outputs need not wait for further runs.
    for (const { readback } of this.#programs.values()) readback.flush();
    await reading;
    return target;
  }

  write(variable: string, data: Float32Array, offset = 0): void {
    const buffer = this.#variable(variable);
    const size = this.#variables.get(variable)!.bytes / 4;
    if (offset < 0 || offset + data.length > size) {
      throw new InputError(
        `elements ${offset} to ${offset + data.length} were written to variable "${variable}" of ` +
          `${size} elements`,
      );
    }
    this.#throwFailure();
    writeBuffer(this.#device.gpu.queue, buffer, 4 * offset, data);
  }

  profile(name: string, runs: number): Promise<KernelTiming[]> {
    const program = this.#program(name);
    if (!program.hasRun) throw new InputError(`program "${name}" has not run yet`);
    this.#throwFailure();
    return timeDispatches(this.#device, program.dispatches, runs);
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const { readback } of this.#programs.values()) readback.dispose();
    for (const staging of this.#stagings.values()) staging.dispose();
    this.#allocation.destroy();
  }

  #submit({ lowered, dispatches, outputOffsets }: ReadyProgram, target: GPUBuffer, at: number) {
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatches(pass, dispatches);
    pass.end();
    // Outputs first: one may be a variable's value before the run.
    for (const [name, { buffer, offset, bytes }] of Object.entries(lowered.outputs)) {
      const place = at + outputOffsets.get(name)!;
      encoder.copyBufferToBuffer(this.#allocation.buffer(buffer), offset, target, place, bytes);
    }
    for (const { source, target } of lowered.copies) {
      encoder.copyBufferToBuffer(
        this.#allocation.buffer(source.buffer),
        source.offset,
        this.#allocation.buffer(target.buffer),
        target.offset,
        target.bytes,
      );
    }
    this.#submissions.submit(encoder);
  }

  #program(name: string): ReadyProgram {
    this.#throwIfDisposed();
    const program = this.#programs.get(name);
    if (!program) throw new InputError(`there is no program "${name}"`);
    return program;
  }

  #variable(name: string): GPUBuffer {
    this.#throwIfDisposed();
    const buffer = this.#variables.get(name);
    if (!buffer) throw new InputError(`there is no variable "${name}"`);
    return this.#allocation.buffer(buffer);
  }

  #throwIfDisposed(): void {
    if (this.#isDisposed) throw new InputError("the programs have been disposed of");
  }

  #throwFailure(): void {
    if (this.#device.failure) throw this.#device.failure;
  }
}

/** Writes data of any length; WebGPU itself writes only multiples of four bytes. */
function writeBuffer(queue: GPUQueue, buffer: GPUBuffer, offset: number, data: TensorData): void {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const whole = bytes.length - bytes.length % 4;
  queue.writeBuffer(buffer, offset, bytes, 0, whole);
  if (whole === bytes.length) return;
  const rest = new Uint8Array(4);
  rest.set(bytes.subarray(whole));
  queue.writeBuffer(buffer, offset + whole, rest);
}
