/**
 * What native code needs of the system, which is Linux on 64-bit x86: calls of libc through Deno's
 * foreign function interface. Only this file depends on the system.
 */
import { RunError } from "../../../errors.ts";

/** Arguments of `mmap`: access to the memory, and that it is private. */
const READ = 1, WRITE = 2, EXECUTE = 4;
const PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 2n ** 64n - 1n;
/** Advice of `madvise`: use pages of 2 MiB; contents are not needed any more. */
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

/** Why native code cannot run in this process; undefined if it can, as far as is known. */
export function missingHere(): string | undefined {
  if (globalThis.Deno === undefined) return "it needs Deno";
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") return `it is for Linux on x86_64, not ${os} on ${arch}`;
  // Calling functions in memory needs permission for every library.
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
  if (address === MAP_FAILED) throw new RunError("the system provided no memory for machine code");
  memcpy(address, code, bytes);
  if (mprotect(address, bytes, READ | EXECUTE) === 0) return address;
  munmap(address, bytes);
  throw new RunError("the system does not allow programs to write machine code");
}

/** Unmaps code; nothing may execute or call it any more. */
export function unmapCode(address: bigint, bytes: number): void {
  libc().munmap(address, BigInt(bytes));
}

/** Asks the system to back memory with huge pages; it uses small ones if it has none. */
export function preferHugePages(address: bigint, bytes: number): void {
  libc().madvise(address, BigInt(bytes), HUGE_PAGES);
}

/**
 * Writes zeros, in a separate thread. An `madvise` that populates memory would hold the lock that
 * other threads need to map memory.
 */
export async function writeZeros(address: bigint, bytes: number): Promise<void> {
  await libc().memset(address, 0, BigInt(bytes));
}

/** Returns pages to the system; if they are read again they contain zeros. */
export function giveBack(address: bigint, bytes: number): void {
  libc().madvise(address, BigInt(bytes), NOT_NEEDED);
}

/** A range of this process's memory. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** Permitted access, such as `r-xp` or `---p`. */
  readonly access: string;
}

/** All mappings of this process, in address order; none if they cannot be read. */
export function mappings(): Mapping[] {
  // Through libc: Deno denies /proc, which reveals more about a process than this.
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

/** Opened once: opening takes milliseconds. */
function libc(): Calls {
  return opened ??= Deno.dlopen("libc.so.6", CALLS).symbols;
}
