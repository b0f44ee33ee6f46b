/** The order of a program's launches: what runs once, where threads meet, how long memory lives. */
import { type ChainThreads, type ChunkRef, findChains, type ImageWalk } from "./chains.ts";
import type { ImageOperands, Kernel, MemoryBuffer, Ref } from "./kernel.ts";
import { type Access, assignStages } from "./stages.ts";

export interface LoweredLaunch {
  readonly kernel: Kernel;
  /** Values of the kernel's parameters, in order. */
  readonly args: readonly (Ref | number)[];
  /** Number of items; undefined: the first thread computes everything. */
  readonly items?: number;
  readonly grain: number;
  /** Set if the items are parts of images, of which each thread has its own. */
  readonly images?: ImageOperands;
  /** Memory it touches. */
  readonly accesses: readonly Access[];
  /** Name of the op of which it computes a part. */
  readonly op: string;
  /** Module path, shape and detail, for people to read. */
  readonly label: string;
  readonly flops: number;
  /** Estimated time on one thread. */
  readonly nanoseconds: number;
}

/** A launch ready to be emitted. */
export interface StagedLaunch extends Omit<LoweredLaunch, "args" | "images" | "accesses"> {
  readonly args: readonly (Ref | ChunkRef | number)[];
  /** How it walks its images, if it does. */
  readonly walk?: ImageWalk;
  /** Threads meet between stages; launches are in the order of their stages. */
  readonly stage: number;
}

/** A buffer and the stages between which it lives. */
export interface Temporary {
  readonly buffer: MemoryBuffer;
  readonly firstUse: number;
  readonly lastUse: number;
}

/** Launches in the order of their stages, and the memory that lives while they run. */
export interface LaunchSequence {
  readonly launches: readonly StagedLaunch[];
  readonly temporaries: readonly Temporary[];
}

/**
 * Orders launches.
 *
 * @param temporary buffers that only these launches use, those of `kept` included
 * @param kept buffers that are read after the last launch
 */
export function orderLaunches(
  launches: readonly LoweredLaunch[],
  threads: ChainThreads,
  temporary: ReadonlySet<MemoryBuffer>,
  kept: ReadonlySet<MemoryBuffer>,
): LaunchSequence {
  const stages = assignStages(launches.map(({ accesses }) => accesses));
  const staged = launches.map((launch, i) => ({ ...launch, stage: stages[i] }))
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
    launches: staged.map(({ accesses: _, images: _images, args, ...launch }, i) => ({
      ...launch,
      walk: walks.get(i),
      args: args.map((arg) => typeof arg === "number" ? arg : chunks.get(arg.buffer) ?? arg),
    })),
    temporaries: Array.from(lives, ([buffer, life]) => ({ buffer, ...life })),
  };
}

/**
 * Splits launches into those that compute the same in every run, because everything they read is
 * constant, and the others. The former run only once, such as the packing of a folded network's
 * weights.
 *
 * @param constant buffers whose contents never change
 * @param temporary buffers that only these launches write
 */
export function splitConstant(
  launches: readonly LoweredLaunch[],
  constant: (buffer: MemoryBuffer) => boolean,
  temporary: ReadonlySet<MemoryBuffer>,
): { readonly once: readonly LoweredLaunch[]; readonly always: readonly LoweredLaunch[] } {
  const writers = new Map<MemoryBuffer, LoweredLaunch[]>();
  for (const launch of launches) {
    for (const { ref: { buffer }, writes } of launch.accesses) {
      if (writes) writers.set(buffer, [...writers.get(buffer) ?? [], launch]);
    }
  }
  const once = new Set(launches);
  const settled = ({ ref: { buffer }, writes }: Access) =>
    !writes && constant(buffer) ||
    temporary.has(buffer) && (writers.get(buffer)?.every((writer) => once.has(writer)) ?? false);
  for (let size = Infinity; once.size < size;) {
    size = once.size;
    for (const launch of once) if (!launch.accesses.every(settled)) once.delete(launch);
  }
  return {
    once: launches.filter((launch) => once.has(launch)),
    always: launches.filter((launch) => !once.has(launch)),
  };
}
