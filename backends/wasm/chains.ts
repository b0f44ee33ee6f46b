/**
 * Chains: the phases of a stage whose items are parts of the same images. A thread takes its images
 * through all of a chain, a chunk of a few images at a time, so that what one phase writes is still
 * in the cache when the next reads it. What only the chain uses need then be no larger than a chunk.
 */
import { planMemory } from "../../graph/passes/mod.ts";
import {
  CACHE_LINE,
  type ImageOperands,
  type MemoryBuffer,
  type Ref,
  type ShareSchedule,
} from "./kernel.ts";
import type { Access } from "./stages.ts";

/** Bytes of a chunk of the chain's largest tensor: several of them should stay in a core's cache. */
const CHUNK_BYTES = 1 << 17;

/** Chunks a thread takes at least, on average, where it takes one when it is done with the last. */
const MIN_CHUNKS = 8;

/** The threads that share the images. */
export interface ChainThreads {
  readonly count: number;
  readonly schedule: ShareSchedule;
}

/** A phase as far as chains are concerned. */
export interface ChainedPhase {
  readonly stage: number;
  readonly accesses: readonly Access[];
  readonly images?: ImageOperands;
}

/** How a phase walks its images. */
export interface ImageWalk {
  readonly count: number;
  /** Images a call is given at most. */
  readonly chunk: number;
}

/** A place that holds one chunk of images, in memory of each thread's own. */
export interface ChunkRef {
  /** The place of thread 0, and bytes to the next thread's. */
  readonly ref: Ref;
  readonly stride: number;
  readonly imageBytes: number;
}

/** What chains change. */
export interface Chains {
  /** The walk of each phase that has one, by the phase's index. */
  readonly walks: ReadonlyMap<number, ImageWalk>;
  /** Buffers that shrink to a chunk. */
  readonly chunks: ReadonlyMap<MemoryBuffer, ChunkRef>;
  /** Memory for these, and the stage in which it lives. */
  readonly arenas: readonly { readonly buffer: MemoryBuffer; readonly stage: number }[];
}

/**
 * Finds the chains.
 *
 * @param phases in the order they are run in
 * @param temporary buffers that nothing but the phases uses
 */
export function findChains(
  phases: readonly ChainedPhase[],
  threads: ChainThreads,
  temporary: ReadonlySet<MemoryBuffer>,
): Chains {
  const users = new Map<MemoryBuffer, Set<number>>();
  phases.forEach(({ accesses }, i) => {
    for (const { ref: { buffer } } of accesses) {
      users.set(buffer, (users.get(buffer) ?? new Set()).add(i));
    }
  });
  const walks = new Map<number, ImageWalk>();
  const chunks = new Map<MemoryBuffer, ChunkRef>();
  const arenas: { buffer: MemoryBuffer; stage: number }[] = [];
  const indices = phases.map((_, i) => i).filter((i) => phases[i].images);
  const chains = Map.groupBy(indices, (i) => `${phases[i].stage} ${phases[i].images!.count}`);
  for (const members of chains.values()) {
    const chain = members.map((i) => phases[i]);
    const { count } = chain[0].images!;
    const chunk = chunkOf(chain, count, threads);
    for (const i of members) walks.set(i, { count, chunk });
    if (chunk >= count / threads.count) continue;

    const inside = new Set(members);
    const own = [...new Set(chain.flatMap(({ accesses }) => accesses.map(({ ref }) => ref.buffer)))]
      .filter((buffer) =>
        temporary.has(buffer) && users.get(buffer)!.isSubsetOf(inside) &&
        chain.every(({ accesses }) =>
          accesses.every(({ ref, images }) =>
            ref.buffer !== buffer || (images && ref.bytes === buffer.bytes)
          )
        )
      );
    if (own.length === 0) continue;
    const { offsets, totalBytes } = planMemory(own.map(({ bytes }, i) => {
      const uses = [...users.get(own[i])!];
      return {
        bytes: bytes / count * chunk + CACHE_LINE,
        firstUse: Math.min(...uses),
        lastUse: Math.max(...uses),
      };
    }));
    const stride = Math.ceil(totalBytes / CACHE_LINE + 1) * CACHE_LINE;
    const buffer = { bytes: threads.count * stride };
    arenas.push({ buffer, stage: chain[0].stage });
    own.forEach((old, i) => {
      const ref = { buffer, offset: offsets[i], bytes: buffer.bytes - offsets[i] };
      chunks.set(old, { ref, stride, imageBytes: old.bytes / count });
    });
  }
  return { walks, chunks, arenas };
}

/** Images of a chunk: of equal chunks, as large as the cache allows and as the kernels need. */
function chunkOf(
  chain: readonly ChainedPhase[],
  count: number,
  { count: threads, schedule }: ChainThreads,
): number {
  const share = Math.ceil(count / threads);
  const dynamic = schedule === "dynamic";
  if (chain.length === 1 && !dynamic) return share;
  const images = chain.flatMap(({ accesses }) => accesses.filter(({ images }) => images));
  const largest = Math.max(...images.map(({ ref }) => ref.bytes / count));
  const least = Math.max(...chain.map(({ images }) => images?.least ?? 1));
  const wanted = Math.floor(CHUNK_BYTES / largest);
  const balanced = Math.ceil(share / MIN_CHUNKS);
  const most = Math.max(1, least, dynamic ? Math.min(wanted, balanced) : wanted);
  return Math.ceil(share / Math.ceil(share / most));
}
