/** The cores that a process may use: launchers bind processes to some of a machine's, or to one. */

/** A bit for each core that this process may use, in the order of their numbers. */
export type CoreMask = Uint8Array<ArrayBuffer>;

/** Room for 4096 cores. */
export const MASK_BYTES = 512;

/** Of `sysconf`: how many cores are online. */
const CORES_ONLINE = 84;

const CALLS = {
  sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "isize" },
} as const;

/** What this process may use, and how many cores its machine has; undefined where no one tells. */
export function usableCores(): { mask: CoreMask; online: number } | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const libc = Deno.dlopen("libc.so.6", CALLS);
  const mask = new Uint8Array(MASK_BYTES);
  const isTold = libc.symbols.sched_getaffinity(0, BigInt(MASK_BYTES), mask) >= 0;
  const online = Number(libc.symbols.sysconf(CORES_ONLINE));
  libc.close();
  return isTold ? { mask, online } : undefined;
}

/** How many cores are in a mask. */
export function countCores(mask: CoreMask): number {
  return mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
}

/** Whether two processes of a machine have a core in common; they do where no one tells. */
export function shareCores(a: CoreMask, b: CoreMask): boolean {
  return countCores(a) === 0 || countCores(b) === 0 || a.some((byte, i) => (byte & b[i]) !== 0);
}
