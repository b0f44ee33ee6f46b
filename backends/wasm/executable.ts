/** Compiled programs: the memory, the threads and the module that run them. */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Executable, KernelTiming, TensorData } from "../backend.ts";
import { checkInputs, readTarget } from "../inputs.ts";
import { type AddressMap, allocateMemory, assignAddresses } from "./addresses.ts";
import {
  emitLaunchModule,
  emitModule,
  launchExport,
  preparationExport,
  programExport,
  runsAlone,
} from "./emit.ts";
import type { FormName } from "./forms.ts";
import type { CompileOptions } from "./kernel.ts";
import type { LoweredProgram, LoweredPrograms, Port } from "./lowered_program.ts";
import { Machine } from "./machine.ts";
import { touchMemory } from "./native/memory.ts";
import type { ThreadPool } from "./threads.ts";

/** What programs are compiled for and in which form they run. */
interface ExecutableOptions extends CompileOptions {
  readonly form: FormName;
}

export async function compilePrograms(
  lowered: LoweredPrograms,
  options: ExecutableOptions,
): Promise<Executable> {
  const addresses = assignAddresses(lowered);
  const { threads, form } = options;
  const memory = allocateMemory(addresses, threads, form !== "wasm");
  const touched = form === "wasm" ? undefined : touchMemory(memory);
  const module = emitModule(lowered, addresses, options);
  const { control } = addresses;
  const machine = await Machine.start(module, { memory, threads, control, form });
  try {
    await touched;
    for (const [buffer, bytes] of lowered.persistent.tables) {
      const address = addresses.address({ buffer, offset: 0, bytes: buffer.bytes });
      new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    }
    for (const program of lowered.programs) machine.pool.run(preparationExport(program));
  } catch (error) {
    machine.dispose();
    throw error;
  }
  const startTiming = () =>
    Machine.start(emitLaunchModule(lowered, addresses, threads), {
      memory,
      threads,
      control: addresses.timingControl,
      form,
    });
  return new CpuExecutable(lowered, addresses, machine, startTiming);
}

class CpuExecutable implements Executable {
  readonly #programs: ReadonlyMap<string, LoweredProgram>;
  readonly #variables: LoweredPrograms["persistent"]["variables"];
  /** Times launches; started by the first `profile`. */
  #timing: Promise<Machine> | undefined;
  /** Programs that the first thread computes alone. */
  readonly #alone: ReadonlySet<LoweredProgram>;
  /** Programs that have run, whose inputs are in memory. */
  readonly #ran = new Set<string>();

  constructor(
    { programs, persistent }: LoweredPrograms,
    private readonly addresses: AddressMap,
    /** Released on disposal. */
    private machine: Machine | undefined,
    private readonly startTiming: () => Promise<Machine>,
  ) {
    this.#programs = new Map(programs.map((program) => [program.name, program]));
    this.#variables = persistent.variables;
    this.#alone = new Set(programs.filter(({ main }) => runsAlone(main)));
  }

  // deno-lint-ignore require-await -- errors must come as rejections
  async run(
    name: string,
    inputs: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Float32Array>> {
    const program = this.#program(name);
    checkInputs(program.source, inputs);
    for (const [input, port] of program.inputs) this.#view(port).set(inputs[input]);
    this.#ran.add(name);
    if (this.#alone.has(program)) this.#pool.runAlone(programExport(program));
    else this.#pool.run(programExport(program));
    return Object.fromEntries(
      Array.from(
        program.outputs,
        ([output, port]) => [output, Float32Array.from(this.#view(port))],
      ),
    );
  }

  // deno-lint-ignore require-await -- errors must come as rejections
  async read(variable: string, into?: Float32Array): Promise<Float32Array> {
    const elements = this.#variable(variable);
    const target = readTarget(variable, elements.length, into);
    target.set(elements);
    return target;
  }

  write(variable: string, data: Float32Array, offset = 0): void {
    const elements = this.#variable(variable);
    if (offset < 0 || offset + data.length > elements.length) {
      throw new InputError(
        `cannot write elements ${offset} to ${offset + data.length} of variable ${variable}, ` +
          `which has ${elements.length}`,
      );
    }
    elements.set(data, offset);
  }

  async profile(name: string, runs: number): Promise<KernelTiming[]> {
    const program = this.#program(name);
    if (!this.#ran.has(name)) {
      throw new InputError(`program ${name} cannot be profiled before it has run once`);
    }
    this.#live();
    const { pool } = await (this.#timing ??= this.startTiming());
    const saved = [...this.#variables.keys()].map((variable) => {
      const elements = this.#variable(variable);
      return { elements, before: elements.slice() };
    });
    const milliseconds = new Float64Array(program.main.launches.length);
    for (let run = 0; run < runs; run++) {
      milliseconds.forEach((_, i) => {
        const start = performance.now();
        pool.run(launchExport(program, i));
        milliseconds[i] += performance.now() - start;
      });
    }
    for (const { elements, before } of saved) elements.set(before);
    return program.main.launches.map(({ op, label, flops }, i) => ({
      kernel: op,
      label,
      milliseconds: milliseconds[i] / runs,
      flops,
    }));
  }

  dispose(): void {
    this.machine?.dispose();
    this.machine = undefined;
    this.#timing?.then((timing) => timing.dispose());
    this.#timing = undefined;
  }

  get #pool(): ThreadPool {
    return this.#live().pool;
  }

  #live(): Machine {
    if (!this.machine) throw new InputError("the programs have been disposed of");
    return this.machine;
  }

  #program(name: string): LoweredProgram {
    const program = this.#programs.get(name);
    if (program) return program;
    const known = [...this.#programs.keys()].join(", ");
    throw new InputError(`there is no program ${name}; compiled programs: ${known}`);
  }

  #variable(name: string): Float32Array {
    const buffer = this.#variables.get(name);
    if (!buffer) {
      const known = [...this.#variables.keys()].join(", ") || "none";
      throw new InputError(`there is no variable ${name}; the programs have: ${known}`);
    }
    const address = this.addresses.address({ buffer, offset: 0, bytes: buffer.bytes });
    return new Float32Array(this.#live().memory.buffer, address, buffer.bytes / 4);
  }

  /** The memory of an input or output. */
  #view({ type, ref }: Port): TensorData {
    const address = this.addresses.address(ref);
    const size = sizeOf(type.shape);
    const { buffer } = this.#live().memory;
    switch (type.dtype) {
      case "f32":
        return new Float32Array(buffer, address, size);
      case "i32":
        return new Int32Array(buffer, address, size);
      case "u8":
        return new Uint8Array(buffer, address, size);
    }
  }
}
