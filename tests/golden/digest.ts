/** Short SHA-256 digests. */
import { createHash } from "node:crypto";

/** A digest of 64 bits, in hexadecimal digits, of consecutive texts and bytes. */
export class Digest {
  readonly #hash = createHash("sha256");

  /** Adds something. */
  add(data: string | Uint8Array): this {
    this.#hash.update(data);
    return this;
  }

  /** The digest of everything added so far. */
  toString(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
