/**
 * Checksums of what a safetensors file holds, kept in its metadata: damage that leaves a sound file,
 * such as a flipped bit of a weight, is found when the file is read. They are CRC-32, which finds
 * every damage of few bits and takes no time beside reading; they do not keep out a forger.
 */
import { crc32 } from "node:zlib";
import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";
import { orDamaged } from "./damage.ts";
import type { Safetensors, Tensor } from "./safetensors.ts";

/** The key of the tensors' checksums: JSON, by name. */
const TENSORS = "tensorChecksums";
/** The key of the checksum of all else, that of {@link TENSORS} included. */
const HEADER = "headerChecksum";

/** Metadata with the checksums of it and of the tensors. */
export function withChecksums(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> {
  const sums = [...tensors].map(([name, { data }]) => [name, checksum(data)]);
  const summed = { ...metadata, [TENSORS]: JSON.stringify(Object.fromEntries(sums)) };
  return { ...summed, [HEADER]: headerChecksum(tensors, summed) };
}

/**
 * Throws InputError, naming `label` and what is damaged, for contents that are not those whose
 * checksums they have. Files of former versions and other programs have none.
 */
export function verifyChecksums({ tensors, metadata }: Safetensors, label: string): void {
  const { [HEADER]: expected, ...summed } = metadata;
  if (expected === undefined && summed[TENSORS] === undefined) return;
  const refuse = (part: string) => {
    throw new InputError(
      `${label}: ${part} in this file is damaged: its checksum is another; use another copy`,
    );
  };
  if (expected !== headerChecksum(tensors, summed)) refuse("the header");
  const sums: unknown = orDamaged(label, "the header", () => JSON.parse(summed[TENSORS]));
  for (const [name, { data }] of tensors) {
    if (!isRecord(sums) || checksum(data) !== sums[name]) {
      refuse(`the tensor ${JSON.stringify(name)}`);
    }
  }
}

function headerChecksum(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): string {
  const sorted = <T>(entries: Iterable<readonly [string, T]>) =>
    [...entries].toSorted(([a], [b]) => a < b ? -1 : 1);
  const shapes = sorted(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  return checksum(new TextEncoder().encode(
    JSON.stringify([sorted(Object.entries(metadata)), shapes]),
  ));
}

function checksum({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return crc32(new Uint8Array(buffer, byteOffset, byteLength)).toString(16).padStart(8, "0");
}
