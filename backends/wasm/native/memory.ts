/**
 * Memory for native code, which checks no bounds: an address is the memory's start, an index of 32
 * bits and an offset of fewer than 31, so it lies within 6 GiB of the start. Those are reserved, and
 * what is not the memory itself is inaccessible: a wrong address ends the process, whatever it is, and
 * reaches nothing else.
 *
 * V8 under Deno reserves as much as a memory may grow to and no more, 4 GiB of one with 32-bit
 * addresses. So this is one with 64-bit addresses; no WebAssembly ever runs on it.
 */
import { giveBack, type Mapping, mappings, preferHugePages, writeZeros } from "./linux.ts";

/** 8 GiB, the next power of two. */
const RESERVED_PAGES = 131072n;
const PAGE_BYTES = 65536n;
/** At a memory's beginning: what threads wait at may lie there. */
const KEPT_BYTES = Number(PAGE_BYTES);

/**
 * Memory of `pages` pages of 64 KiB that never grows. The system backs it with huge pages where it
 * has them: kernels walk through hundreds of megabytes, some in long steps, and the processor's
 * translation cache (TLB) has room for few pages.
 *
 * @throws {RangeError} if the system does not give it.
 */
export function guardedMemory(pages: number, shared: boolean): WebAssembly.Memory {
  const descriptor = { address: "i64", initial: BigInt(pages), maximum: RESERVED_PAGES, shared };
  // TypeScript does not know of 64-bit addresses yet.
  const memory = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
  preferHugePages(startOf(memory), memory.buffer.byteLength);
  return memory;
}

/**
 * Touches all but the first 64 KiB of a new memory, and resolves when that is done: the system takes
 * its time to back what is touched first, and kernels would wait for it. Nobody else may write
 * there meanwhile.
 */
export function touchMemory(memory: WebAssembly.Memory): Promise<void> {
  return writeZeros(startOf(memory) + PAGE_BYTES, memory.buffer.byteLength - KEPT_BYTES);
}

/**
 * Gives all but the first 64 KiB of a memory that is not needed any more back to the system, which
 * would else have it when the garbage collector comes by: by then the next may have been made.
 */
export function emptyMemory(memory: WebAssembly.Memory): void {
  giveBack(startOf(memory) + PAGE_BYTES, memory.buffer.byteLength - KEPT_BYTES);
}

/** Address of a memory's first byte. */
export function startOf({ buffer }: WebAssembly.Memory): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer)));
}

/** Whether what lies behind a memory within the reach of native code is reserved and inaccessible. */
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
