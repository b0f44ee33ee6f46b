/**
 * What native code needs of the system, which is Linux on 64-bit x86: libc's calls, by Deno's foreign
 * function interface. Whatever knows the system is in this file.
 */
import { RunError } from "../../../errors.ts";

/** Of an `mmap`: what may be done with the memory, and whose it is. */
const READ = 1, WRITE = 2, EXECUTE = 4;
const PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 2n ** 64n - 1n;
/** Of an `madvise`: pages of 2 MiB; what is in them is not needed any more. */
const HUGE_PAGES = 14, NOT_NEEDED = 4;

const CALLS = {
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  memset: { parameters: ["usize", "i32", "usize"], result: "usize", nonblocking: true },
  memcpy: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Calls = Deno.DynamicLibrary<typeof CALLS>["symbols"];

/** Why nothing native can run in this process; undefined if it can as far as that is known. */
export function missingHere(): string | undefined {
  if (globalThis.Deno === undefined) return "it needs Deno";
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") return `it is for Linux on x86_64, not ${os} on ${arch}`;
  // Functions in memory may be called only by who may load any library.
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") return undefined;
  return "it needs --allow-ffi";
}

/**
 * Maps machine code: it is written and then made executable, never both at once.
 *
 * @returns its address
 * @throws {RunError} if the system refuses
 */
export function mapCode(code: Uint8Array<ArrayBuffer>): bigint {
  const bytes = BigInt(code.length);
  const { mmap, memcpy, mprotect, munmap } = libc();
  const address = mmap(0n, bytes, READ | WRITE, PRIVATE_ANONYMOUS, -1, 0n);
  if (address === MAP_FAILED) throw new RunError("the system gave no memory for machine code");
  memcpy(address, code, bytes);
  if (mprotect(address, bytes, READ | EXECUTE) === 0) return address;
  munmap(address, bytes);
  throw new RunError("the system lets no program write machine code");
}

/** Takes mapped code out of memory; nothing may be in it or call it any more. */
export function unmapCode(address: bigint, bytes: number): void {
  libc().munmap(address, BigInt(bytes));
}

/** Asks the system to back memory with huge pages, and makes do with small ones where it has none. */
export function preferHugePages(address: bigint, bytes: number): void {
  libc().madvise(address, BigInt(bytes), HUGE_PAGES);
}

/**
 * Writes zeros, in a thread of its own. An `madvise` that populates memory would hold the lock that
 * others need for all that they map meanwhile.
 */
export async function writeZeros(address: bigint, bytes: number): Promise<void> {
  await libc().memset(address, 0, BigInt(bytes));
}

/** Gives pages back to the system; where they are read again they hold zeros. */
export function giveBack(address: bigint, bytes: number): void {
  libc().madvise(address, BigInt(bytes), NOT_NEEDED);
}

/** A stretch of this process's memory. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** What may be done with it, such as `r-xp` or `---p`. */
  readonly access: string;
}

/** All that is mapped in this process, in the order of the addresses; none if that cannot be read. */
export function mappings(): Mapping[] {
  // By libc: Deno keeps /proc to itself, since it says more of a process than this.
  const { open, read, close } = libc();
  const file = open(new TextEncoder().encode("/proc/self/maps\0"), 0);
  if (file < 0) return [];
  const decoder = new TextDecoder(), chunk = new Uint8Array(65536);
  let text = "";
  for (;;) {
    const bytes = Number(read(file, chunk, BigInt(chunk.length)));
    if (bytes <= 0) break;
    text += decoder.decode(chunk.subarray(0, bytes), { stream: true });
  }
  close(file);
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/gm)].map(([, start, end, access]) => ({
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    access,
  }));
}

let opened: Calls | undefined;

/** Opened once: each time takes milliseconds. */
function libc(): Calls {
  return opened ??= Deno.dlopen("libc.so.6", CALLS).symbols;
}
