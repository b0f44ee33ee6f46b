/**
 * Checksums of a safetensors file's contents, stored in its metadata: they reveal damage that leaves
 * a well-formed file, such as a flipped bit of a weight, when the file is read. CRC-32 detects all
 * small damage and costs almost nothing next to reading; it does not protect against forgery.
 */
import { crc32 } from "node:zlib";
import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";
import { orDamaged } from "./damage.ts";
import type { Safetensors, Tensor } from "./safetensors.ts";

/** The key of the tensors' checksums: JSON, by tensor name. */
const TENSORS = "tensorChecksums";
/** The key of the checksum of everything else, including {@link TENSORS}. */
const HEADER = "headerChecksum";

/** Metadata with checksums of itself and of the tensors. */
export function withChecksums(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> {
  const sums = [...tensors].map(([name, { data }]) => [name, checksum(data)]);
  const summed = { ...metadata, [TENSORS]: JSON.stringify(Object.fromEntries(sums)) };
  return { ...summed, [HEADER]: headerChecksum(tensors, summed) };
}

/**
 * Throws InputError, naming `label` and the damaged part, for contents that do not match their
 * checksums. Files of earlier versions and of other programs have none.
 */
export function verifyChecksums({ tensors, metadata }: Safetensors, label: string): void {
  const { [HEADER]: expected, ...summed } = metadata;
  if (expected === undefined && summed[TENSORS] === undefined) return;
  const refuse = (part: string) => {
    throw new InputError(
      `${label}: ${part} in this file is damaged: its checksum does not match; use another copy`,
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
