/** Whether a file or a folder is as it was, told without reading it. */

/** Which one it is, how large, and when it was changed: what it holds, and anything about it. */
export type Stamp = readonly [
  device: number,
  number: number,
  size: number,
  changed: number,
  touched: number,
];

/**
 * How long, in milliseconds, one change after another may have the same time: some disks note whole
 * seconds, and only every second one of them.
 */
const COARSEST = 2000;

/** The stamp of what the system says of a file or folder; 0 for what it does not say. */
export function stampOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): Stamp {
  return [dev, ino ?? 0, size, mtime?.getTime() ?? Infinity, ctime?.getTime() ?? 0];
}

/** Whether nothing says that it has changed. */
export function isSame(stamp: Stamp, other: Stamp): boolean {
  return stamp.every((value, i) => value === other[i]);
}

/** Whether a change after the time `at`, in milliseconds since 1970, would give another stamp. */
export function isSettled([, , , changed, touched]: Stamp, at: number): boolean {
  return Math.max(changed, touched) + COARSEST <= at;
}
