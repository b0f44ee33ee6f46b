/** Safetensors files on disk. */
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import {
  parseSafetensors,
  type Safetensors,
  safetensorsChunks,
  type Tensor,
} from "./safetensors.ts";

/** Reads a safetensors file. Throws InputError when it cannot be read or is not a sound one. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  return parseSafetensors(await readBytes(path), path);
}

/** The bytes of any file. Throws InputError when it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: no such file`);
    throw new InputError(`${path}: cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Writes a safetensors file, atomically. Throws RangeError when a tensor's data does not fit its
 * shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, safetensorsChunks(tensors, metadata));
}
