/** Files of folded networks on disk. */
import type { Disk } from "../files/disk.ts";
import { withChecksums } from "../safetensors/checksums.ts";
import { readSafetensors, writeSafetensors } from "../safetensors/file.ts";
import { FOLDED_FORMAT } from "../safetensors/formats.ts";
import { type FoldedNetwork, parseFoldedNetwork } from "./network.ts";

/** Writes a folded network, atomically, through `disk`, by default the system's. */
export async function writeFoldedNetwork(
  path: string,
  network: FoldedNetwork,
  disk?: Disk,
): Promise<void> {
  const { description, program, tensors } = network;
  const metadata = {
    format: FOLDED_FORMAT,
    network: JSON.stringify(description),
    program: JSON.stringify(program),
  };
  await writeSafetensors(path, tensors, withChecksums(tensors, metadata), disk);
}

/** Reads a folded network. Throws InputError if the file is not a folded network or is damaged. */
export async function readFoldedNetwork(path: string): Promise<FoldedNetwork> {
  return parseFoldedNetwork(path, await readSafetensors(path));
}
