/** Checksums written as `sha256:HEX` or `md5:HEX`; `none` checks nothing. */
import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";

const LENGTHS = { sha256: 64, md5: 32 } as const;

/** A checksum's algorithm and lower-case hexadecimal digits. */
export interface Checksum {
  readonly algorithm: keyof typeof LENGTHS;
  /** All digits, or only the first ones if no more are published. */
  readonly digest: string;
}

/** Whether a digest matches a checksum. */
export function hasDigest(digest: string, checksum: Checksum): boolean {
  return digest.startsWith(checksum.digest);
}

/**
 * Parses `sha256:HEX`, `md5:HEX` or `none` (which gives undefined). Throws InputError for anything else;
 * `place` says where the text is written.
 */
export function parseChecksum(text: string, place: string): Checksum | undefined {
  if (text === "none") return undefined;
  const [algorithm, digest = ""] = text.toLowerCase().split(":");
  if (algorithm === "sha256" || algorithm === "md5") {
    if (digest.length === LENGTHS[algorithm] && /^[0-9a-f]+$/.test(digest)) {
      return { algorithm, digest };
    }
  }
  throw new InputError(
    `${place}: "${text}" is not a checksum; expected "sha256:" and 64 hexadecimal digits, ` +
      `"md5:" and 32, or "none"`,
  );
}

/** The digest of a file, in lower-case hexadecimal digits. */
export async function digestOfFile(
  path: string,
  algorithm: Checksum["algorithm"],
): Promise<string> {
  const hash = createHash(algorithm);
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}
