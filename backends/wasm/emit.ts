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
  type Local,
  ModuleBuilder,
  type Operand,
  type ParameterTypes,
  type ResultType,
  select,
} from "./assembler/mod.ts";
import {
  type FunctionLibrary,
  type Kernel,
  type KernelFunction,
  type Ref,
  SHARE_PARAMETERS,
} from "./kernel.ts";
import type { LoweredProgram, LoweredPrograms } from "./lower.ts";
import type { ChunkRef, ImageWalk } from "./chains.ts";
import type { Schedule, ScheduledPhase } from "./schedule.ts";
import { type Share, shareOf } from "./shares.ts";
import { emitBarrier } from "./threads.ts";

/** Name under which the module exports a program. */
export function programExport({ name }: LoweredProgram): string {
  return `program ${name}`;
}

/** Name under which the module exports what must run once before a program first does. */
export function preparationExport({ name }: LoweredProgram): string {
  return `preparation of ${name}`;
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
  const emitPhases = (f: ProgramFunction, phases: readonly ScheduledPhase[], thread: Thread) =>
    new PhaseCalls(f, kernels, addresses, threads, thread).emit(phases);
  const emitSchedule = (name: string, schedule: Schedule) => {
    const run = module.function(name, { thread: "i32" });
    const { thread } = run.parameters;
    const emitSerial = (stages: readonly Stage[]) => {
      for (const { phases } of stages) {
        for (let share = 0; share < threads; share++) emitPhases(run, phases, share);
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
        emitPhases(run, parallel, thread);
      }
    }
    module.export(run);
  };
  for (const program of programs) {
    emitSchedule(preparationExport(program), program.preparation);
    emitSchedule(programExport(program), program.schedule);
    program.schedule.phases.forEach((phase, i) => {
      const single = module.function(phaseExport(program, i), { thread: "i32" });
      emitPhases(single, [phase], single.parameters.thread);
      module.export(single);
    });
  }
  return module.build();
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

/** A function of a program, or of one phase; its parameter is the thread's number. */
type ProgramFunction = FunctionBuilder<{ readonly thread: "i32" }, "void">;

/** A thread's number, where the code is that of one thread or of all. */
type Thread = Local<"i32"> | number;

/** Writes the calls by which a thread does its share of the phases of a stage. */
class PhaseCalls {
  readonly #f: ProgramFunction;
  readonly #kernels: KernelTable;
  readonly #addresses: AddressMap;
  readonly #threads: number;
  readonly #thread: Thread;

  constructor(
    f: ProgramFunction,
    kernels: KernelTable,
    addresses: AddressMap,
    threads: number,
    thread: Thread,
  ) {
    this.#f = f;
    this.#kernels = kernels;
    this.#addresses = addresses;
    this.#threads = threads;
    this.#thread = thread;
  }

  /** Chains come last: no other phase of their stage needs what they compute. */
  emit(phases: readonly ScheduledPhase[]): void {
    for (const phase of phases) if (!phase.walk) this.#single(phase);
    const chains = Map.groupBy(
      phases.filter(({ walk }) => walk),
      ({ walk }) => walk!.count,
    );
    for (const chain of chains.values()) this.#chain(chain, chain[0].walk!);
  }

  #single(phase: ScheduledPhase): void {
    const thread = this.#thread;
    if (phase.items !== undefined) {
      const share = shareOf(thread, this.#threads, phase.items, phase.grain);
      return this.#call(phase, share, 1, 0);
    }
    const alone = () => this.#call(phase, { first: 0, end: 1 }, 1, 0);
    if (typeof thread !== "number") this.#f.if(i32.eqz(thread), alone);
    else if (thread === 0) alone();
  }

  /** All phases on a chunk of images, then on the next. */
  #chain(phases: readonly ScheduledPhase[], { count, chunk }: ImageWalk): void {
    const f = this.#f;
    const { first, end } = shareOf(this.#thread, this.#threads, count, 1);
    const image = f.i32(), chunkEnd = f.i32(), last = f.i32(), opens = f.i32();
    f.set(image, first);
    f.set(last, end);
    f.set(opens, 1);
    f.doWhile(() => {
      f.set(chunkEnd, i32.add(image, chunk));
      f.set(chunkEnd, select("i32", i32.ltU(chunkEnd, last), chunkEnd, last));
      for (const phase of phases) {
        const each = (phase.items ?? count) / count;
        const share = { first: i32.mul(image, each), end: i32.mul(chunkEnd, each) };
        this.#call(phase, share, opens, image);
      }
      f.set(opens, 0);
      f.set(image, chunkEnd);
    }, i32.ltU(image, last));
  }

  #call(
    { kernel, args }: ScheduledPhase,
    share: Share,
    opens: Operand<"i32">,
    image: Operand<"i32">,
  ): void {
    const values = args.map((arg) => typeof arg === "number" ? arg : this.#address(arg, image));
    const named = Object.fromEntries(kernel.parameters.map((name, i) => [name, values[i]]));
    const thread = this.#thread;
    this.#f.emit(call(this.#kernels.kernel(kernel), { ...named, thread, ...share, opens }));
  }

  /** Where a place begins; that of a chunk, where it would if it held the images from 0 on. */
  #address(place: Ref | ChunkRef, image: Operand<"i32">): Operand<"i32"> {
    if (!("stride" in place)) return this.#addresses.address(place);
    const start = i32.add(this.#addresses.address(place.ref), i32.mul(this.#thread, place.stride));
    return i32.sub(start, i32.mul(image, place.imageBytes));
  }
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
