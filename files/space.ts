/** Room on a disk. */
import { statfs } from "node:fs/promises";
import { RunError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";

/** Bytes that may still be written to the disk of a folder; undefined where that cannot be told. */
export async function freeSpace(folder: string): Promise<number | undefined> {
  // Deno's types do not list it.
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
 * Throws RunError if it is known that a disk has less room than is needed.
 *
 * @param what takes it, for the error
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
    `${folder}: ${what} takes ${formatBytes(bytes)}, and the disk has room for ` +
      `${formatBytes(room)}; free some space, or name another cache by the environment's ` +
      "OVERFOLD_CACHE",
  );
}
