/**
 * Addresses for everything that programs keep in memory: first what outlives a run, then the
 * temporaries, which share addresses where their lifetimes allow; those of different programs
 * always do, since programs never run at the same time.
 */
import { RunError } from "../../errors.ts";
import { planMemory } from "../../graph/passes/mod.ts";
import { MemoryLimitError, type MemoryPlan } from "../backend.ts";
import { CACHE_LINE, type MemoryBuffer, type Ref, requireInside } from "./kernel.ts";
import type { LoweredPrograms } from "./lowered_program.ts";
import { guardedMemory } from "./native/memory.ts";
import { CONTROL_BYTES } from "./threads.ts";

/** What 32-bit addresses reach. */
const MEMORY_LIMIT = 2 ** 32;
export const PAGE_BYTES = 65536;

/** Kernels may load this many bytes past the end of a buffer, even of the last one. */
const OVERREAD_BYTES = 256;

/** Where everything is stored. */
export interface AddressMap extends MemoryPlan {
  /** Address of the control block of the thread pool that runs programs. */
  readonly control: number;
  /** Address of the control block of the pool that times launches. */
  readonly timingControl: number;
  /** The address of a place. Throws an Error if it is not within its buffer. */
  address(ref: Ref): number;
}

/**
 * Bytes to allocate for a buffer, so that consecutive buffers start at different distances from a
 * multiple of 4096: otherwise streams through several of them would share cache sets.
 */
function skewed(bytes: number, index: number): number {
  return (Math.ceil(bytes / CACHE_LINE) + 1 + 2 * (index % 8)) * CACHE_LINE;
}

/** Gives every buffer an address. */
export function assignAddresses({ programs, persistent }: LoweredPrograms): AddressMap {
  const addresses = new Map<MemoryBuffer, number>();
  let end = 2 * CONTROL_BYTES;
  const append = (buffers: Iterable<MemoryBuffer>): number => {
    const start = end;
    let index = 0;
    for (const buffer of buffers) {
      addresses.set(buffer, end);
      end += skewed(buffer.bytes, index++);
    }
    return end - start;
  };
  append(persistent.tables.keys());
  append(persistent.prepared);
  append(persistent.inputs);
  const variableBytes = append(persistent.variables.values());

  let temporaryBytes = 0;
  const sequences = programs.flatMap(({ preparation, main }) => [preparation, main]);
  for (const { temporaries } of sequences) {
    const items = temporaries.map(({ buffer, firstUse, lastUse }, i) => ({
      bytes: skewed(buffer.bytes, i),
      firstUse,
      lastUse,
    }));
    const { offsets, totalBytes } = planMemory(items, CACHE_LINE);
    temporaries.forEach(({ buffer }, i) => addresses.set(buffer, end + offsets[i]));
    temporaryBytes = Math.max(temporaryBytes, totalBytes);
  }
  const totalBytes = Math.ceil((end + temporaryBytes + OVERREAD_BYTES) / PAGE_BYTES) * PAGE_BYTES;
  return {
    control: 0,
    timingControl: CONTROL_BYTES,
    address: (ref) => {
      const start = addresses.get(ref.buffer);
      if (start === undefined) throw new Error("a buffer has no address");
      requireInside(ref, 0, ref.buffer.bytes);
      return start + ref.offset;
    },
    fits: totalBytes <= MEMORY_LIMIT,
    totalBytes,
    variableBytes,
    temporaryBytes,
  };
}

/**
 * The memory for a plan. It is shared only if there are several threads: a browser gives no shared
 * memory to a page that is not isolated from other origins.
 *
 * @param guarded Whether it is for native code.
 * @throws {MemoryLimitError} if it is more than 32-bit addresses reach.
 * @throws {RunError} if the system cannot provide the memory.
 */
export function allocateMemory(
  { totalBytes, temporaryBytes, fits }: MemoryPlan,
  threads: number,
  guarded: boolean,
): WebAssembly.Memory {
  const shared = threads > 1;
  const pages = totalBytes / PAGE_BYTES;
  const advice = `; ${mebibytes(temporaryBytes)} of it is for activations, which grow with the ` +
    "batch size: use a smaller batch";
  if (!fits) {
    throw new MemoryLimitError(
      `the programs need ${mebibytes(totalBytes)}, the CPU backend can address ` +
        mebibytes(MEMORY_LIMIT) + advice,
    );
  }
  try {
    return guarded
      ? guardedMemory(pages, shared)
      : new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    throw new RunError(
      `the system cannot provide the ${mebibytes(totalBytes)} that the programs need${advice}`,
    );
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
