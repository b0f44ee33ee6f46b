/**
 * From phases to a WebAssembly module: each kernel once, and a function per program that calls the
 * phases one after the other with a barrier between stages. During a run no JavaScript runs between
 * phases and nothing is allocated.
 */
import { type AddressMap, PAGE_BYTES } from "./addresses.ts";
import {
  type AnyCallable,
  call,
  type Callable,
  type FunctionBuilder,
  type Local,
  ModuleBuilder,
  type ParameterTypes,
  type ResultType,
} from "./assembler/mod.ts";
import type { FunctionLibrary, Kernel, KernelFunction } from "./kernel.ts";
import type { LoweredPhase, LoweredProgram, LoweredPrograms } from "./lower.ts";
import { emitBarrier } from "./threads.ts";

/** Name under which the module exports a program. */
export function programExport({ name }: LoweredProgram): string {
  return `program ${name}`;
}

/** Name under which the module exports one phase of a program, for timing. */
export function phaseExport({ name }: LoweredProgram, phase: number): string {
  return `phase ${phase} of ${name}`;
}

/** The module of the programs, for a memory laid out by `addresses`. */
export function emitModule(
  { programs }: LoweredPrograms,
  addresses: AddressMap,
  threads: number,
): Uint8Array<ArrayBuffer> {
  const pages = addresses.totalBytes / PAGE_BYTES;
  const module = new ModuleBuilder({
    minimumPages: pages,
    maximumPages: pages,
    shared: threads > 1,
  });
  const barrier = emitBarrier(module, addresses.control, threads);
  const kernels = new KernelTable(module);
  for (const program of programs) {
    const run = module.function(programExport(program), { thread: "i32" });
    program.phases.forEach((phase, i) => {
      const single = module.function(phaseExport(program, i), { thread: "i32" });
      if (i > 0 && phase.stage > program.phases[i - 1].stage) run.emit(call(barrier, {}));
      for (const f of [run, single]) {
        f.emit(callPhase(kernels, phase, addresses, f.parameters.thread));
      }
      module.export(single);
    });
    module.export(run);
  }
  return module.build();
}

function callPhase(
  kernels: KernelTable,
  { kernel, args }: LoweredPhase,
  addresses: AddressMap,
  thread: Local<"i32">,
) {
  const values = args.map((arg) => typeof arg === "number" ? arg : addresses.address(arg));
  const named = Object.fromEntries(kernel.parameters.map((name, i) => [name, values[i]]));
  return call(kernels.kernel(kernel), { ...named, thread });
}

/** The kernels of a module, and the functions they share; each is written when first asked for. */
class KernelTable implements FunctionLibrary {
  readonly #module: ModuleBuilder;
  readonly #functions = new Map<string, AnyCallable>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  /** The function of a kernel: the kernel's parameters, then the thread's number. */
  kernel({ key, parameters, build }: Kernel): Callable<ParameterTypes, "void"> {
    const types = Object.fromEntries([...parameters, "thread"].map((name) => [name, "i32"]));
    // The types were made of the very names the kernel's function has.
    const write = (f: unknown) => build(f as KernelFunction<string>, this);
    return this.function(`kernel ${key}`, types as Record<string, "i32">, "void", write);
  }

  function<P extends ParameterTypes, R extends ResultType>(
    key: string,
    parameterTypes: P,
    resultType: R,
    build: (f: FunctionBuilder<P, R>) => void,
  ): Callable<P, R> {
    // Equal keys stand for functions of one signature.
    const known = this.#functions.get(key) as Callable<P, R> | undefined;
    if (known) return known;
    const f = this.#module.function(key, parameterTypes, resultType);
    this.#functions.set(key, f);
    build(f);
    return f;
  }
}
