/** The order of a program's phases: what runs once, where threads meet, how long memory lives. */
import { type ChainThreads, type ChunkRef, findChains, type ImageWalk } from "./chains.ts";
import type { ImageOperands, Kernel, MemoryBuffer, Ref } from "./kernel.ts";
import { type Access, assignStages } from "./stages.ts";

/** A phase as it was lowered. */
export interface LoweredPhase {
  readonly kernel: Kernel;
  /** Values of the kernel's parameters, in order. */
  readonly args: readonly (Ref | number)[];
  /** How many items; undefined: the first thread does it all. */
  readonly items?: number;
  readonly grain: number;
  /** Where the items are parts of images, of which each thread has its own. */
  readonly images?: ImageOperands;
  /** Memory it touches. */
  readonly accesses: readonly Access[];
  /** Name of the op it computes a part of. */
  readonly op: string;
  /** Module path, shape and detail, for a person. */
  readonly label: string;
  readonly flops: number;
  /** Roughly what one thread takes for it. */
  readonly nanoseconds: number;
}

/** A phase ready to be emitted. */
export interface ScheduledPhase extends Omit<LoweredPhase, "args" | "images" | "accesses"> {
  readonly args: readonly (Ref | ChunkRef | number)[];
  /** How it walks its images, where it does. */
  readonly walk?: ImageWalk;
  /** Threads meet between stages; phases are in order of it. */
  readonly stage: number;
}

/** A buffer and the stages between which it lives. */
export interface Temporary {
  readonly buffer: MemoryBuffer;
  readonly firstUse: number;
  readonly lastUse: number;
}

/** Phases in the order of their stages, and the memory that lives while they run. */
export interface Schedule {
  readonly phases: readonly ScheduledPhase[];
  readonly temporaries: readonly Temporary[];
}

/**
 * Schedules phases.
 *
 * @param temporary buffers that nothing but these phases uses, and `kept` of them
 * @param kept buffers that are read when all is done
 */
export function schedulePhases(
  phases: readonly LoweredPhase[],
  threads: ChainThreads,
  temporary: ReadonlySet<MemoryBuffer>,
  kept: ReadonlySet<MemoryBuffer>,
): Schedule {
  const stages = assignStages(phases.map(({ accesses }) => accesses));
  const staged = phases.map((phase, i) => ({ ...phase, stage: stages[i] }))
    .sort((a, b) => a.stage - b.stage);
  const { walks, chunks, arenas } = findChains(staged, threads, temporary.difference(kept));
  const lives = new Map<MemoryBuffer, { firstUse: number; lastUse: number }>();
  const use = (buffer: MemoryBuffer, stage: number) => {
    const life = lives.get(buffer);
    if (life) life.lastUse = Math.max(life.lastUse, stage);
    else lives.set(buffer, { firstUse: stage, lastUse: stage });
  };
  for (const { accesses, stage } of staged) {
    for (const { ref: { buffer } } of accesses) {
      if (temporary.has(buffer) && !chunks.has(buffer)) use(buffer, stage);
    }
  }
  for (const { buffer, stage } of arenas) use(buffer, stage);
  for (const buffer of kept) if (temporary.has(buffer)) use(buffer, staged.at(-1)?.stage ?? 0);
  return {
    phases: staged.map(({ accesses: _, images: _images, args, ...phase }, i) => ({
      ...phase,
      walk: walks.get(i),
      args: args.map((arg) => typeof arg === "number" ? arg : chunks.get(arg.buffer) ?? arg),
    })),
    temporaries: Array.from(lives, ([buffer, life]) => ({ buffer, ...life })),
  };
}

/**
 * Parts phases into those that compute the same in every run, because all they read is constant, and
 * the others. The first need run only once, such as the packing of a folded network's weights.
 *
 * @param constant buffers whose contents never change
 * @param temporary buffers that nothing but these phases writes
 */
export function splitConstant(
  phases: readonly LoweredPhase[],
  constant: (buffer: MemoryBuffer) => boolean,
  temporary: ReadonlySet<MemoryBuffer>,
): { readonly once: readonly LoweredPhase[]; readonly always: readonly LoweredPhase[] } {
  const writers = new Map<MemoryBuffer, LoweredPhase[]>();
  for (const phase of phases) {
    for (const { ref: { buffer }, writes } of phase.accesses) {
      if (writes) writers.set(buffer, [...writers.get(buffer) ?? [], phase]);
    }
  }
  const once = new Set(phases);
  const settled = ({ ref: { buffer }, writes }: Access) =>
    !writes && constant(buffer) ||
    temporary.has(buffer) && (writers.get(buffer)?.every((writer) => once.has(writer)) ?? false);
  for (let size = Infinity; once.size < size;) {
    size = once.size;
    for (const phase of once) if (!phase.accesses.every(settled)) once.delete(phase);
  }
  return {
    once: phases.filter((phase) => once.has(phase)),
    always: phases.filter((phase) => !once.has(phase)),
  };
}
