/** Detects changes to a file or a folder without reading it. */

/** Identity, size and time of the last change of its contents or of its metadata. */
export type Stamp = readonly [
  device: number,
  number: number,
  size: number,
  changed: number,
  touched: number,
];

/**
 * How long, in milliseconds, changes may get the same time: some disks record only every second second.
 */
const COARSEST = 2000;

/** The stamp from the system's information; 0 for missing fields. */
export function stampOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): Stamp {
  return [dev, ino ?? 0, size, mtime?.getTime() ?? Infinity, ctime?.getTime() ?? 0];
}

/** Whether the stamps show no change. */
export function isSame(stamp: Stamp, other: Stamp): boolean {
  return stamp.every((value, i) => value === other[i]);
}

/** Whether a change after the time `at`, in milliseconds since 1970, would give another stamp. */
export function isSettled([, , , changed, touched]: Stamp, at: number): boolean {
  return Math.max(changed, touched) + COARSEST <= at;
}
