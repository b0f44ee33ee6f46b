/** Which images of a split cannot be read, and why, in memory shared by all threads. */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";

/** Most broken images that may be replaced by others: this number, or this share of all. */
const MOST = { count: 10, share: 0.01 };

/** Bytes of recorded reasons. */
const REASON_BYTES = 1 << 16;

/** The shared memory of {@link BrokenPictures}. */
export interface BrokenHandle {
  /** 1 for each broken image. */
  readonly flags: Uint8Array<SharedArrayBuffer>;
  /** The number of broken images in the whole split, and the bytes of reasons. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** UTF-8, a line each. */
  readonly reasons: Uint8Array<SharedArrayBuffer>;
  /** The largest allowed number. */
  readonly most: number;
}

/** The broken images of a split, or of a part of it. */
export class BrokenPictures {
  /** None, of `count` images. */
  static among(count: number): BrokenPictures {
    return new BrokenPictures({
      flags: new Uint8Array(new SharedArrayBuffer(count)),
      counts: new Int32Array(new SharedArrayBuffer(8)),
      reasons: new Uint8Array(new SharedArrayBuffer(REASON_BYTES)),
      most: Math.max(MOST.count, Math.floor(MOST.share * count)),
    });
  }

  constructor(readonly handle: BrokenHandle) {}

  /** Whether an image is known to be broken. */
  has(index: number): boolean {
    return this.handle.flags[index] !== 0;
  }

  /** Records an image once. Throws InputError if there are now too many. */
  add(index: number, reason: string): void {
    const { flags, counts, reasons, most } = this.handle;
    if (Atomics.exchange(flags, index, 1) === 1) return;
    const line = new TextEncoder().encode(`${reason}\n`);
    const at = Atomics.add(counts, 1, line.length);
    if (at + line.length <= reasons.length) reasons.set(line, at);
    if (Atomics.add(counts, 0, 1) < most) return;
    throw new InputError(
      `${reason}\nmore than ${formatCount(most)} images cannot be read, too many to ` +
        "replace; fix or remove them",
    );
  }

  /** Why images of the split are broken, as far as known and recorded. */
  reasons(): string[] {
    const bytes = this.handle.reasons.slice();
    const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
    // What another thread is still writing is zero.
    return lines.filter((line) => line !== "" && !line.includes("\0")).sort();
  }

  /** Those of images `from` to `to` - 1. */
  slice(from: number, to: number): BrokenPictures {
    return new BrokenPictures({ ...this.handle, flags: this.handle.flags.subarray(from, to) });
  }
}
