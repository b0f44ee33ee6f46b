/**
 * Chains: launches of one stage tiled over images, known as cache blocking or batch-tiled fusion. Their
 * items are parts of the same images. A thread takes its images through all launches of a chain, a
 * chunk of a few images at a time, so that what one launch writes is still in the cache when the next
 * reads it. Buffers that only the chain uses are then no larger than a chunk.
 */
import { planMemory } from "../../graph/passes/mod.ts";
import {
  CACHE_LINE,
  type ImageOperands,
  type MemoryBuffer,
  type Partition,
  type Ref,
} from "./kernel.ts";
import type { Access } from "./stages.ts";

/**
 * Bytes of a chunk of the chain's largest tensor: several of them should stay in a core's cache.
 * Bench: `deno task bench examples/cifar10.yaml`.
 */
const CHUNK_BYTES = 1 << 17;

/**
 * Minimum chunks per thread, on average, under the dynamic partition. Bench: as above, with
 * `--set threads.partition=dynamic --set threads.count=2`.
 */
const MIN_CHUNKS = 8;

/** The threads among which the images are partitioned. */
export interface ChainThreads {
  readonly count: number;
  readonly partition: Partition;
}

/** The part of a launch that chains depend on. */
export interface ChainedLaunch {
  readonly stage: number;
  readonly accesses: readonly Access[];
  readonly images?: ImageOperands;
}

/** How a launch walks its images. */
export interface ImageWalk {
  readonly count: number;
  /** Maximum images per call. */
  readonly chunk: number;
}

/** A place for one chunk of images, in memory private to each thread. */
export interface ChunkRef {
  /** The place of thread 0, and bytes to the next thread's. */
  readonly ref: Ref;
  readonly stride: number;
  readonly imageBytes: number;
}

/** What chains change. */
export interface Chains {
  /** The walk of each launch that has one, by the launch's index. */
  readonly walks: ReadonlyMap<number, ImageWalk>;
  /** Buffers that shrink to a chunk. */
  readonly chunks: ReadonlyMap<MemoryBuffer, ChunkRef>;
  /** Memory for these, and the stage in which it lives. */
  readonly arenas: readonly { readonly buffer: MemoryBuffer; readonly stage: number }[];
}

/**
 * Finds the chains.
 *
 * @param launches in the order in which they run
 * @param temporary buffers that only the launches use
 */
export function findChains(
  launches: readonly ChainedLaunch[],
  threads: ChainThreads,
  temporary: ReadonlySet<MemoryBuffer>,
): Chains {
  const users = new Map<MemoryBuffer, Set<number>>();
  launches.forEach(({ accesses }, i) => {
    for (const { ref: { buffer } } of accesses) {
      users.set(buffer, (users.get(buffer) ?? new Set()).add(i));
    }
  });
  const walks = new Map<number, ImageWalk>();
  const chunks = new Map<MemoryBuffer, ChunkRef>();
  const arenas: { buffer: MemoryBuffer; stage: number }[] = [];
  const indices = launches.map((_, i) => i).filter((i) => launches[i].images);
  const chains = Map.groupBy(indices, (i) => `${launches[i].stage} ${launches[i].images!.count}`);
  for (const members of chains.values()) {
    const chain = members.map((i) => launches[i]);
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

/** Images per chunk: equal chunks, as large as the cache allows and the kernels need. */
function chunkOf(
  chain: readonly ChainedLaunch[],
  count: number,
  { count: threads, partition }: ChainThreads,
): number {
  const share = Math.ceil(count / threads);
  const dynamic = partition === "dynamic";
  if (chain.length === 1 && !dynamic) return share;
  const images = chain.flatMap(({ accesses }) => accesses.filter(({ images }) => images));
  const largest = Math.max(...images.map(({ ref }) => ref.bytes / count));
  const least = Math.max(...chain.map(({ images }) => images?.least ?? 1));
  const wanted = Math.floor(CHUNK_BYTES / largest);
  const balanced = Math.ceil(share / MIN_CHUNKS);
  const most = Math.max(1, least, dynamic ? Math.min(wanted, balanced) : wanted);
  return Math.ceil(share / Math.ceil(share / most));
}
