/**
 * Memory for native code, which checks no bounds: an address is the memory's start plus an index of
 * 32 bits plus an offset below 2^31, so it is within 6 GiB of the start. These are reserved, and
 * everything beyond the memory itself is inaccessible: any wrong address ends the process and
 * reaches nothing else.
 *
 * V8 under Deno reserves exactly what a memory may grow to: 4 GiB with 32-bit addresses. So this
 * memory has 64-bit addresses; no WebAssembly ever runs on it.
 */
import { giveBack, type Mapping, mappings, preferHugePages, writeZeros } from "./linux.ts";

/** 8 GiB, the next power of two. */
const RESERVED_PAGES = 131072n;
const PAGE_BYTES = 65536n;
/** At a memory's beginning, where the words that threads wait for may be. */
const KEPT_BYTES = Number(PAGE_BYTES);

/**
 * Memory of `pages` pages of 64 KiB that never grows. The system backs it with huge pages if it has
 * them: kernels walk through hundreds of megabytes, some in long steps, and the processor's
 * translation cache (TLB) holds few pages.
 *
 * @throws {RangeError} if the system cannot provide it.
 */
export function guardedMemory(pages: number, shared: boolean): WebAssembly.Memory {
  const descriptor = { address: "i64", initial: BigInt(pages), maximum: RESERVED_PAGES, shared };
  // TypeScript does not know 64-bit addresses yet.
  const memory = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
  preferHugePages(startOf(memory), memory.buffer.byteLength);
  return memory;
}

/**
 * Touches all but the first 64 KiB of a new memory, and resolves when that is done: backing pages
 * on first touch is slow, and kernels would wait for it. Nothing else may write there meanwhile.
 */
export function touchMemory(memory: WebAssembly.Memory): Promise<void> {
  return writeZeros(startOf(memory) + PAGE_BYTES, memory.buffer.byteLength - KEPT_BYTES);
}

/**
 * Returns all but the first 64 KiB of an unused memory to the system, instead of waiting for the
 * garbage collector: by then the next memory may have been allocated.
 */
export function emptyMemory(memory: WebAssembly.Memory): void {
  giveBack(startOf(memory) + PAGE_BYTES, memory.buffer.byteLength - KEPT_BYTES);
}

/** Address of a memory's first byte. */
export function startOf({ buffer }: WebAssembly.Memory): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer)));
}

/** Whether everything after a memory that native code can reach is reserved and inaccessible. */
export function isGuarded(
  memory: WebAssembly.Memory,
  mapped: readonly Mapping[] = mappings(),
): boolean {
  const start = startOf(memory);
  let at = start + BigInt(memory.buffer.byteLength);
  for (const { start, end, access } of mapped) {
    if (start <= at && at < end && access.startsWith("---")) at = end;
  }
  return at >= start + RESERVED_PAGES * PAGE_BYTES;
}
