/** Helpers shared by all readers of dataset files. */
import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { readFileAtMost } from "../files/at_most.ts";
import { digestOfFile } from "../files/checksum.ts";
import { refusalOf } from "../files/refusal.ts";
import type { DatasetInfo } from "./dataset.ts";
import type { LocatedFile } from "./published_files.ts";

/**
 * The bytes of a file, at most `most` + 1. Throws InputError if its checksum does not match.
 *
 * @param dataset its name, for errors
 * @param room memory to read into, if it is large enough
 */
export async function readDataFile(
  file: LocatedFile,
  most: number,
  dataset: string,
  room?: ArrayBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFileAtMost(file.path, most, room);
  if (file.checksum) {
    const digest = createHash(file.checksum.algorithm).update(bytes).digest("hex");
    requireDigest(file, digest, dataset);
  }
  return bytes;
}

/** Like {@link readDataFile}, for a file that does not fit into memory. */
export async function checkDataFile(file: LocatedFile, dataset: string): Promise<void> {
  const { path, checksum } = file;
  if (checksum) requireDigest(file, await digestOfFile(path, checksum.algorithm), dataset);
}

function requireDigest({ path, checksum }: LocatedFile, digest: string, dataset: string): void {
  if (!checksum || digest === checksum.digest) return;
  throw new InputError(
    `${path}: its checksum is ${checksum.algorithm}:${digest}, expected ` +
      `${checksum.algorithm}:${checksum.digest}: it was changed or replaced since its download; ` +
      `delete it, and the command \`datasets download ${dataset}\` fetches it again (data.root ` +
      "uses a folder's files without checksums)",
  );
}

/** Bytes of a file besides its records: headers, compression overhead, other archive entries. */
export const BESIDES = 1 << 20;

/** Throws InputError unless a file of a dataset has `expected` bytes; `records` explains the number. */
export function requireLength(
  { length }: Uint8Array,
  expected: number,
  path: string,
  dataset: string,
  records = "",
): void {
  if (length === expected) return;
  throw new InputError(
    `${path}: contains ${
      length > expected ? "more" : length
    } bytes, expected ${expected}${records}; ` +
      `it is damaged: ${howToMend(dataset)}`,
  );
}

/**
 * Advice for a damaged file without a known checksum: usually one in data.root, which only its owner can
 * fix.
 */
export const howToMend = (dataset: string) =>
  "replace it by a valid file, or leave data.root out to use the cache, which " +
  `\`datasets download ${dataset}\` fills`;

/** The label, if it is a class of the dataset. Throws InputError naming the record otherwise. */
export function checkLabel(
  label: number,
  record: number,
  { name, classNames: { length: classes } }: Pick<DatasetInfo, "name" | "classNames">,
  path: string,
): number {
  if (Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw new InputError(
    `${path}: record ${record} has the label ${label}, expected 0 to ${classes - 1}; the file is ` +
      `damaged: ${howToMend(name)}`,
  );
}

/** Whether a file exists. Throws InputError if the system refuses to say. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`images cannot be read: ${refusal}; set data.root to another folder`, {
      cause: error,
    });
  }
}
