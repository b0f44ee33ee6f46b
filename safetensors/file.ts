/** Safetensors files on disk. */
import { writeFileAtomic } from "../files/atomic.ts";
import type { Disk } from "../files/disk.ts";
import { otherKind } from "../files/kind_of_file.ts";
import { readWanted } from "../files/read_wanted.ts";
import { verifyChecksums } from "./checksums.ts";
import {
  parseSafetensors,
  type Safetensors,
  safetensorsChunks,
  type Tensor,
} from "./safetensors.ts";

/**
 * Reads a safetensors file. Throws InputError when it cannot be read, is not a sound one or does not
 * hold what its checksums were taken of.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readWanted(path, "network");
  try {
    const contents = parseSafetensors(bytes, path);
    verifyChecksums(contents, path);
    return contents;
  } catch (error) {
    throw otherKind(path, bytes, "network") ?? error;
  }
}

/**
 * Writes a safetensors file, atomically. Throws RangeError when a tensor's data does not fit its
 * shape.
 *
 * @param disk what writes; default: the system
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
  disk?: Disk,
): Promise<void> {
  await writeFileAtomic(path, safetensorsChunks(tensors, metadata), disk);
}
