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
 * Reads a safetensors file. Throws InputError if it cannot be read, is malformed or does not match its
 * checksums.
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
 * Writes a safetensors file, atomically. Throws RangeError if a tensor's data does not fit its shape.
 *
 * @param disk default: the system's
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
  disk?: Disk,
): Promise<void> {
  await writeFileAtomic(path, safetensorsChunks(tensors, metadata), disk);
}
