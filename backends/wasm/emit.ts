/**
 * From phases to a WebAssembly module: each kernel once, and a function per program that calls the
 * phases one after the other with a barrier between stages. During a run no JavaScript runs between
 * phases and nothing is allocated.
 *
 * Stages too small to share are computed by one thread, share by share, so that every sum is the
 * same: by whichever comes last to the barrier before, while the others wait there anyway.
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
import { emitPhases } from "./phase_calls.ts";
import type { Schedule, ScheduledPhase } from "./schedule.ts";
import { emitBarrier } from "./threads.ts";

/** Name under which the module exports a program. */
export function programExport({ name }: LoweredProgram): string {
  return `program ${name}`;
}

/** Name under which the module exports what must run once before a program first does. */
export function preparationExport({ name }: LoweredProgram): string {
  return `preparation of ${name}`;
}

/** Name under which {@link emitPhaseModule} exports one phase of a program. */
export function phaseExport({ name }: LoweredProgram, phase: number): string {
  return `phase ${phase} of ${name}`;
}

/** What {@link emitModule} must know of the compilation. */
interface EmitOptions extends Pick<CompileOptions, "threads" | "schedule"> {
  /** Cores the threads have: with fewer than threads none waits busily. Default: this machine's. */
  readonly cores?: number;
}

/** The module of the programs, for a memory laid out by `addresses`. */
export function emitModule(
  { programs }: LoweredPrograms,
  addresses: AddressMap,
  { threads, schedule: shares, cores }: EmitOptions,
): Uint8Array<ArrayBuffer> {
  const { module, context } = beginModule(addresses, threads);
  const dynamic = shares === "dynamic" && threads > 1;
  const barrier = emitBarrier(module, addresses.control, threads, { resets: dynamic, cores });
  const emitSchedule = (name: string, schedule: Schedule) => {
    const run = module.function(name, { thread: "i32" });
    const { thread } = run.parameters;
    const emitSerial = (stages: readonly Stage[]) => {
      for (const { phases } of stages) {
        for (let share = 0; share < threads; share++) {
          emitPhases(run, { ...context, thread: share }, phases);
        }
      }
    };
    if (runsAlone(schedule)) {
      run.if(i32.eqz(thread), () => emitSerial(stagesOf(schedule)));
    } else {
      for (const { serial, parallel, first } of sections(schedule)) {
        if (!first || serial.length > 0) {
          run.if(call(barrier.arrive, {}), () => {
            emitSerial(serial);
            run.emit(call(barrier.open, {}));
          });
        }
        emitPhases(
          run,
          { ...context, thread, taken: dynamic ? barrier.taken : undefined },
          parallel,
        );
      }
      // The barrier lets the counts of chunks start anew.
      if (dynamic) run.if(call(barrier.arrive, {}), () => run.emit(call(barrier.open, {})));
    }
    module.export(run);
  };
  for (const program of programs) {
    emitSchedule(preparationExport(program), program.preparation);
    emitSchedule(programExport(program), program.schedule);
  }
  return module.build();
}

/** A module with each phase of the programs as a function of its own, for timing. */
export function emitPhaseModule(
  { programs }: LoweredPrograms,
  addresses: AddressMap,
  threads: number,
): Uint8Array<ArrayBuffer> {
  const { module, context } = beginModule(addresses, threads);
  for (const program of programs) {
    program.schedule.phases.forEach((phase, i) => {
      const single = module.function(phaseExport(program, i), { thread: "i32" });
      emitPhases(single, { ...context, thread: single.parameters.thread }, [phase]);
      module.export(single);
    });
  }
  return module.build();
}

/** A module for a memory, and what calls of phases in it are written with. */
function beginModule(addresses: AddressMap, threads: number) {
  const pages = addresses.totalBytes / PAGE_BYTES;
  const module = new ModuleBuilder({
    minimumPages: pages,
    maximumPages: pages,
    shared: threads > 1,
  });
  const kernels = new KernelTable(module);
  const kernelOf = ({ kernel }: ScheduledPhase) => kernels.kernel(kernel);
  return { module, context: { addresses, threads, kernelOf } };
}

/** Nanoseconds of work on one thread that waking and awaiting another may cost. */
const SERIAL_NANOSECONDS = 8000;

/** The phases of one stage. */
interface Stage {
  readonly phases: readonly ScheduledPhase[];
  /** Whether one thread computes it. */
  readonly serial: boolean;
}

function stagesOf({ phases }: Schedule): Stage[] {
  return [...Map.groupBy(phases, ({ stage }) => stage).values()].map((phases) => {
    const nanoseconds = phases.reduce((sum, phase) => sum + phase.nanoseconds, 0);
    return { phases, serial: nanoseconds < SERIAL_NANOSECONDS };
  });
}

/** Whether a schedule is so small that the first thread computes all of it. */
export function runsAlone(schedule: Schedule): boolean {
  return stagesOf(schedule).every(({ serial }) => serial);
}

/** Small stages, computed while threads meet, and then one that all share. */
interface Section {
  readonly first: boolean;
  readonly serial: readonly Stage[];
  readonly parallel: readonly ScheduledPhase[];
}

function sections(schedule: Schedule): Section[] {
  const result: Section[] = [];
  let serial: Stage[] = [];
  for (const stage of stagesOf(schedule)) {
    if (stage.serial) {
      serial.push(stage);
    } else {
      result.push({ first: result.length === 0, serial, parallel: stage.phases });
      serial = [];
    }
  }
  return serial.length > 0 ? [...result, { first: false, serial, parallel: [] }] : result;
}

/** The kernels of a module, and the functions they share; each is written when first asked for. */
class KernelTable implements FunctionLibrary {
  readonly #module: ModuleBuilder;
  readonly #functions = new Map<string, AnyCallable>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  /** The function of a kernel: the kernel's parameters, then the share's. */
  kernel({ key, parameters, build }: Kernel): Callable<ParameterTypes, "void"> {
    const types = Object.fromEntries(
      [...parameters, ...SHARE_PARAMETERS].map((name) => [name, "i32"]),
    );
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
