/**
 * From launches to a WebAssembly module: each kernel once, and a function per program that calls
 * the launches one after the other with a barrier between stages. During a run no JavaScript runs
 * between launches and nothing is allocated.
 *
 * Stages too small to share are computed by one thread, share by share, so that every sum keeps its
 * order: by whichever thread reaches the preceding barrier last, while the others wait there
 * anyway.
 */
import { type AddressMap, PAGE_BYTES } from "./addresses.ts";
import {
  type AnyCallable,
  call,
  type Callable,
  type FunctionBuilder,
  i32,
  ModuleBuilder,
  type ParameterTypes,
  type ResultType,
} from "../../assembler/mod.ts";
import {
  type CompileOptions,
  type FunctionLibrary,
  type Kernel,
  type KernelFunction,
  SHARE_PARAMETERS,
} from "./kernel.ts";
import type { LoweredProgram, LoweredPrograms } from "./lowered_program.ts";
import { emitLaunches } from "./launch_calls.ts";
import type { LaunchSequence, StagedLaunch } from "./launch_order.ts";
import { emitBarrier } from "./threads.ts";

/** Name under which the module exports a program. */
export function programExport({ name }: LoweredProgram): string {
  return `program ${name}`;
}

/** Name under which the module exports what runs once before a program's first run. */
export function preparationExport({ name }: LoweredProgram): string {
  return `preparation of ${name}`;
}

/** Name under which {@link emitLaunchModule} exports one launch of a program. */
export function launchExport({ name }: LoweredProgram, launch: number): string {
  return `launch ${launch} of ${name}`;
}

interface EmitOptions extends Pick<CompileOptions, "threads" | "partition"> {
  /** Available cores: with fewer cores than threads no thread spins. Default: this machine's. */
  readonly cores?: number;
}

/** The module of the programs, for a memory laid out by `addresses`. */
export function emitModule(
  { programs }: LoweredPrograms,
  addresses: AddressMap,
  { threads, partition, cores }: EmitOptions,
): Uint8Array<ArrayBuffer> {
  const { module, context } = beginModule(addresses, threads);
  const dynamic = partition === "dynamic" && threads > 1;
  const barrier = emitBarrier(module, addresses.control, threads, { resets: dynamic, cores });
  const emitSequence = (name: string, sequence: LaunchSequence) => {
    const run = module.function(name, { thread: "i32" });
    const { thread } = run.parameters;
    const emitSerial = (stages: readonly Stage[]) => {
      for (const { launches } of stages) {
        for (let share = 0; share < threads; share++) {
          emitLaunches(run, { ...context, thread: share }, launches);
        }
      }
    };
    if (runsAlone(sequence)) {
      run.if(i32.eqz(thread), () => emitSerial(stagesOf(sequence)));
    } else {
      for (const { serial, parallel, first } of sections(sequence)) {
        if (!first || serial.length > 0) {
          run.if(call(barrier.arrive, {}), () => {
            emitSerial(serial);
            run.emit(call(barrier.open, {}));
          });
        }
        emitLaunches(
          run,
          { ...context, thread, taken: dynamic ? barrier.taken : undefined },
          parallel,
        );
      }
      // The barrier resets the counts of chunks.
      if (dynamic) run.if(call(barrier.arrive, {}), () => run.emit(call(barrier.open, {})));
    }
    module.export(run);
  };
  for (const program of programs) {
    emitSequence(preparationExport(program), program.preparation);
    emitSequence(programExport(program), program.main);
  }
  return module.build();
}

/** A module with each launch of the programs as a function of its own, for timing. */
export function emitLaunchModule(
  { programs }: LoweredPrograms,
  addresses: AddressMap,
  threads: number,
): Uint8Array<ArrayBuffer> {
  const { module, context } = beginModule(addresses, threads);
  for (const program of programs) {
    program.main.launches.forEach((launch, i) => {
      const single = module.function(launchExport(program, i), { thread: "i32" });
      emitLaunches(single, { ...context, thread: single.parameters.thread }, [launch]);
      module.export(single);
    });
  }
  return module.build();
}

/** A module for a memory, and the context for writing launches into it. */
function beginModule(addresses: AddressMap, threads: number) {
  const pages = addresses.totalBytes / PAGE_BYTES;
  const module = new ModuleBuilder({
    minimumPages: pages,
    maximumPages: pages,
    shared: threads > 1,
  });
  const kernels = new KernelTable(module);
  const kernelOf = ({ kernel }: StagedLaunch) => kernels.kernel(kernel);
  return { module, context: { addresses, threads, kernelOf } };
}

/**
 * Nanoseconds of work of a stage below which waking other threads costs more than it saves. Bench:
 * `deno task bench examples/quickstart.yaml --inference --set data.batchSize=1`.
 */
const SERIAL_NANOSECONDS = 8000;

interface Stage {
  readonly launches: readonly StagedLaunch[];
  /** Whether one thread computes it. */
  readonly serial: boolean;
}

function stagesOf({ launches }: LaunchSequence): Stage[] {
  return [...Map.groupBy(launches, ({ stage }) => stage).values()].map((launches) => {
    const nanoseconds = launches.reduce((sum, launch) => sum + launch.nanoseconds, 0);
    return { launches, serial: nanoseconds < SERIAL_NANOSECONDS };
  });
}

/** Whether a sequence is so small that the first thread computes it alone. */
export function runsAlone(sequence: LaunchSequence): boolean {
  return stagesOf(sequence).every(({ serial }) => serial);
}

/** Small stages, computed by one thread at the barrier, then a stage that all threads share. */
interface Section {
  readonly first: boolean;
  readonly serial: readonly Stage[];
  readonly parallel: readonly StagedLaunch[];
}

function sections(sequence: LaunchSequence): Section[] {
  const result: Section[] = [];
  let serial: Stage[] = [];
  for (const stage of stagesOf(sequence)) {
    if (stage.serial) {
      serial.push(stage);
    } else {
      result.push({ first: result.length === 0, serial, parallel: stage.launches });
      serial = [];
    }
  }
  return serial.length > 0 ? [...result, { first: false, serial, parallel: [] }] : result;
}

/** The kernels of a module, and the functions they share; each is written when first requested. */
class KernelTable implements FunctionLibrary {
  readonly #functions = new Map<string, AnyCallable>();

  constructor(private readonly module: ModuleBuilder) {}

  /** The function of a kernel: the kernel's parameters, then the share's. */
  kernel({ key, parameters, build }: Kernel): Callable<ParameterTypes, "void"> {
    const types = Object.fromEntries(
      [...parameters, ...SHARE_PARAMETERS].map((name) => [name, "i32"]),
    );
    // The types have the names of the kernel function's parameters.
    const write = (f: unknown) => build(f as KernelFunction<string>, this);
    return this.function(`kernel ${key}`, types as Record<string, "i32">, "void", write);
  }

  function<P extends ParameterTypes, R extends ResultType>(
    key: string,
    parameterTypes: P,
    resultType: R,
    build: (f: FunctionBuilder<P, R>) => void,
  ): Callable<P, R> {
    // Functions with equal keys have the same signature.
    const known = this.#functions.get(key) as Callable<P, R> | undefined;
    if (known) return known;
    const f = this.module.function(key, parameterTypes, resultType);
    this.#functions.set(key, f);
    build(f);
    return f;
  }
}
