/** Short SHA-256 digests. */
import { createHash } from "node:crypto";

/** 64 bits, in hexadecimal digits, of texts and bytes one after the other. */
export class Digest {
  readonly #hash = createHash("sha256");

  /** Adds something. */
  add(data: string | Uint8Array): this {
    this.#hash.update(data);
    return this;
  }

  /** The digest of what was added so far. */
  toString(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
