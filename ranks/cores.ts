/** The cores that a process may use: launchers may bind processes to some cores, or to one. */

/** One bit per core that this process may use, in the order of their numbers. */
export type CoreMask = Uint8Array<ArrayBuffer>;

/** Enough for 4096 cores. */
export const MASK_BYTES = 512;

/** Argument of `sysconf`: number of cores that are online. */
const CORES_ONLINE = 84;

const CALLS = {
  sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "isize" },
} as const;

/** The mask of this process, and the number of the machine's cores; undefined if unavailable. */
export function usableCores(): { mask: CoreMask; online: number } | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const libc = Deno.dlopen("libc.so.6", CALLS);
  const mask = new Uint8Array(MASK_BYTES);
  const isTold = libc.symbols.sched_getaffinity(0, BigInt(MASK_BYTES), mask) >= 0;
  const online = Number(libc.symbols.sysconf(CORES_ONLINE));
  libc.close();
  return isTold ? { mask, online } : undefined;
}

/** Number of cores in a mask. */
export function countCores(mask: CoreMask): number {
  return mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
}

/** Whether two processes of a machine share a core; assumed if unknown. */
export function shareCores(a: CoreMask, b: CoreMask): boolean {
  return countCores(a) === 0 || countCores(b) === 0 || a.some((byte, i) => (byte & b[i]) !== 0);
}
