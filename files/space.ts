/** Free space on a disk. */
import { statfs } from "node:fs/promises";
import { RunError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";

/** Bytes available on a folder's disk; undefined if unknown. */
export async function freeSpace(folder: string): Promise<number | undefined> {
  // Missing from Deno's types.
  const permission = { name: "sys", kind: "statfs" } as unknown as Deno.SysPermissionDescriptor;
  if (Deno.permissions.querySync(permission).state !== "granted") return undefined;
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/**
 * Throws RunError if a disk is known to have less space than needed.
 *
 * @param what the subject of the message
 */
export async function requireSpace(
  folder: string,
  bytes: number,
  what: string,
  free: typeof freeSpace = freeSpace,
): Promise<void> {
  const room = await free(folder);
  if (room === undefined || room >= bytes) return;
  throw new RunError(
    `${folder}: ${what} takes ${formatBytes(bytes)}, but the disk has only ` +
      `${
        formatBytes(room)
      } available; free some space, or name another cache by the environment's ` +
      "OVERFOLD_CACHE",
  );
}
